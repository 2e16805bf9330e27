import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bech32m } from '@scure/base';
import { seedToPublicKey, signWithSeed } from '../../protocol/ed25519.ts';
import { fromHex, hkdf, toHex } from '../../protocol/hash.ts';
import { entropyToPhrase, phraseToEntropy } from '../../protocol/phrase.ts';

const range = (from: number, to: number) => Uint8Array.from({ length: to - from }, (_, index) => from + index);

test('HKDF-SHA256 gives the three outputs of RFC 5869', () => {
  const rows = [
    {
      secret: new Uint8Array(22).fill(0x0b),
      salt: range(0, 13),
      info: range(0xf0, 0xfa),
      length: 42,
      okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      secret: range(0, 0x50),
      salt: range(0x60, 0xb0),
      info: range(0xb0, 0x100),
      length: 82,
      okm: 'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    },
    {
      secret: new Uint8Array(22).fill(0x0b),
      info: new Uint8Array(0),
      length: 42,
      okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ];
  for (const { okm, ...input } of rows) assert.equal(toHex(hkdf(input)), okm);
});

test('24 words and 32 bytes are those of the BIP-39 vectors, both ways', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['00'.repeat(32), `${'abandon '.repeat(23)}art`],
    ['ff'.repeat(32), `${'zoo '.repeat(23)}vote`],
    [
      '7f'.repeat(32),
      `${'legal winner thank year wave sausage worth useful '.repeat(2)}legal winner thank year wave sausage worth title`,
    ],
    [
      '80'.repeat(32),
      `${'letter advice cage absurd amount doctor acoustic avoid '.repeat(2)}letter advice cage absurd amount doctor acoustic bless`,
    ],
    [
      '68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c',
      'hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length',
    ],
    [
      '9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863',
      'panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich alcohol speed nation flash devote level hobby quick inner drive ghost inside',
    ],
    [
      '066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad',
      'all hour make first leader extend hole alien behind guard gospel lava path output census museum junior mass reopen famous sing advance salt reform',
    ],
    [
      'f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f',
      'void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold',
    ],
  ];
  for (const [entropy, phrase] of rows) {
    assert.equal(entropyToPhrase(fromHex(entropy)), phrase);
    assert.equal(toHex(phraseToEntropy(phrase)), entropy);
  }
});

test('bech32m accepts and refuses what BIP-350 says', () => {
  const valid = [
    'A1LQFN3A',
    'a1lqfn3a',
    'an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6',
    'abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx',
    'split1checkupstagehandshakeupstreamerranterredcaperredlc445v',
    '?1v759aa',
  ];
  const invalid = [
    'qyrz8wqd2c9m',
    '1qyrz8wqd2c9m',
    'y1b0jsk6g',
    'lt1igcx5c0',
    'in1muywd',
    'mm1crxm3i',
    'M1VUXWEZ',
    '16plkw9',
    '1p2gdwpf',
  ];
  for (const text of valid) assert.ok(bech32m.decodeUnsafe(text), text);
  for (const text of invalid) assert.equal(bech32m.decodeUnsafe(text), undefined, text);
});

test('seeds of RFC 8032 give its keys and signatures', () => {
  const seed = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
  assert.equal(toHex(seedToPublicKey(seed)), '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
  assert.equal(
    toHex(signWithSeed(seed, fromHex('72'))),
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  );
});
