import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { packetsPage } from '../../scripts/docs/packets.ts';

test('docs/protocol/packets.md is what the command table says', () => {
  const page = readFileSync(new URL('../../docs/protocol/packets.md', import.meta.url), 'utf8');
  assert.equal(page, packetsPage());
});
