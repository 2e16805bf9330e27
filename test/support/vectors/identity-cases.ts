import { encode } from '../../../protocol/cbor.ts';
import { makeDeviceList } from '../../../protocol/device-list.ts';
import { makeRootStatement } from '../../../protocol/root-statement.ts';
import { makeStatement } from '../../../protocol/statement.ts';
import * as who from './people.ts';
import type { Vector } from './vector-file.ts';

interface Signed {
  readonly statement: { readonly bytes: Uint8Array };
}

function file(roots: readonly Signed[], lists: readonly Signed[]): Uint8Array {
  return encode({
    roots: roots.map(({ statement }) => statement.bytes),
    lists: lists.map(({ statement }) => statement.bytes),
  });
}

function good(name: string, comment: string, bytes: Uint8Array): Vector {
  return { name, expect: 'accept', comment, bytes };
}

function bad(name: string, comment: string, bytes: Uint8Array): Vector {
  return { name, expect: 'reject', comment, bytes };
}

const { root0, root1, list1, list2, list3, admin, alice } = who;
const { listBody, rootBody } = who;

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = copy[at]! ^ 1;
  return copy;
}

const strangersRoot = makeRootStatement(
  rootBody(1, { prev: root0.hash, list: { revision: 2, hash: list2.hash }, root: who.keyOf('mallory').publicKey }),
  who.keyOf('mallory'),
);
const otherFirst = makeRootStatement(rootBody(0, { issued: who.ISSUED + 1 }), alice.root[0]!);
const jump = makeDeviceList(listBody({ revision: 3, prev: list1.hash }), admin);
const wrongPrev = makeDeviceList(listBody({ revision: 2, prev: who.named('nothing') }), admin);
const oldAdmin = makeDeviceList(listBody({ epoch: 1, revision: 3, prev: list2.hash }), admin);
const byStranger = makeDeviceList(listBody(), who.keyOf('mallory'));
const [only] = listBody().devices;
const twice = { statement: makeStatement('device-list', { ...listBody(), devices: [only, only] }, admin) };
const backwards = { statement: makeStatement('device-list', { ...listBody(), expires: who.ISSUED }, admin) };
const many = Array.from({ length: 9 }, (_, index) => who.named(`admin ${index}`));
const nineAdmins = { statement: makeStatement('root-statement', rootBody(0, { admins: many }), alice.root[0]!) };
const wrongLabel = {
  statement: {
    bytes: encode({
      type: 'device-list',
      body: list1.statement.body,
      signatures: makeStatement('profile', listBody(), admin).signatures,
    }),
  },
};

/** Identity files: the chain of root statements and device lists, and every way to break it. */
export const identityCases: readonly Vector[] = [
  good('first', 'epoch 0, revision 1', file([root0], [list1])),
  good('renewed', 'two lists of one epoch', file([root0], [list1, list2])),
  good('rotated', 'epoch 1 continues from revision 2 with a new admin', file([root0, root1], [list3])),
  bad('root-not-committed', 'root 1 is not the key that root 0 committed to', file([root0, strangersRoot], [list3])),
  bad('root-of-other-chain', 'prev of root 1 is another root 0', file([otherFirst, root1], [list3])),
  bad('root-missing', 'it begins with epoch 1', file([root1], [list3])),
  bad('list-missing', 'no device list', file([root0], [])),
  bad('list-of-old-epoch', 'lists of epoch 0 beside root 1', file([root0, root1], [list1, list2])),
  bad('list-by-stranger', 'signed by a key that is no admin', file([root0], [byStranger])),
  bad('list-by-old-admin', 'signed by an admin that the rotation removed', file([root0, root1], [oldAdmin])),
  bad('revision-jumps', 'revision 3 after 1', file([root0], [list1, jump])),
  bad('prev-wrong', 'prev of the second list names another', file([root0], [list1, wrongPrev])),
  bad('list-starts-late', 'the first list of epoch 0 is revision 2', file([root0], [list2])),
  bad('device-twice', 'one device stands in the list twice', file([root0], [twice])),
  bad('expires-at-once', 'expires is not after issued', file([root0], [backwards])),
  bad('nine-admins', 'more than eight admin keys', file([nineAdmins], [list1])),
  bad('wrong-label', 'the list carries a signature made for a profile', file([root0], [wrongLabel])),
  bad(
    'body-changed',
    'one bit of the list differs',
    flipped(file([root0], [list1]), file([root0], [list1]).length - 200),
  ),
  bad('bytes-follow', 'a byte after the file', new Uint8Array([...file([root0], [list1]), 0])),
  bad('too-large', 'more than 48 KiB', encode({ roots: [new Uint8Array(49_152)], lists: [] })),
];
