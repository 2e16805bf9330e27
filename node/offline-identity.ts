export { createIdentity } from './identity/create-identity.ts';
export { confirmWords, showIdentity } from './identity/show-identity.ts';
