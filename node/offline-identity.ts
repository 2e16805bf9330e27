export { createIdentity } from './identity/create-identity.ts';
export { needsPassphrase } from './identity/key-lock.ts';
export { recoverIdentity } from './identity/recover-identity.ts';
export { confirmWords, showIdentity } from './identity/show-identity.ts';
