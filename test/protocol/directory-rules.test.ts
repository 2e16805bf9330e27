import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressRange,
  addressSource,
  createDirectoryGate,
  nextSequence,
  refuseRecord,
} from '../../protocol/directory-rules.ts';
import { LIMITS } from '../../protocol/limits.ts';

const HOUR_MS = 3_600_000;

test('on loopback each port is a range and a source of its own, elsewhere the /24 and the host', () => {
  assert.equal(addressRange('127.0.0.1', 7000), '127.0.0.1:7000');
  assert.equal(addressSource('127.0.0.1', 7001), '127.0.0.1:7001');
  assert.equal(addressRange('203.0.113.9', 7000), '203.0.113');
  assert.equal(addressSource('203.0.113.9', 7000), '203.0.113.9');
});

test('a record is refused by size, by a sequence 48 h ahead and by a sequence that is no number', () => {
  const nowMs = 1_800_000_000_000;
  const now = nowMs / 1000;
  assert.equal(refuseRecord({ sequence: now + 48 * 3600, bytes: 1000, nowMs }), null);
  assert.equal(refuseRecord({ sequence: now + 48 * 3600 + 1, bytes: 1000, nowMs }), 'too-far-ahead');
  assert.equal(refuseRecord({ sequence: now, bytes: 1001, nowMs }), 'too-large');
  assert.equal(refuseRecord({ sequence: 1.5, bytes: 1, nowMs }), 'malformed');
});

test('a writer’s sequence follows the clock and always rises', () => {
  assert.equal(nextSequence(1_800_000_000_999, 5), 1_800_000_000);
  assert.equal(nextSequence(1_800_000_000_999, 1_800_000_000), 1_800_000_001);
  assert.equal(nextSequence(0, 1_800_000_000), 1_800_000_001);
});

test('a range gets two keys under a target, may refresh them, and gets new ones when they have expired', () => {
  const gate = createDirectoryGate();
  const admit = (key: string, nowMs: number, range = '203.0.113'): boolean =>
    gate.admitAnnounce({ range, source: `${range}.1`, target: 'role', key, nowMs });
  assert.deepEqual([admit('a', 0), admit('b', 0), admit('c', 0)], [true, true, false]);
  assert.equal(admit('a', HOUR_MS), true);
  assert.equal(admit('c', HOUR_MS, '198.51.100'), true);
  assert.equal(admit('c', 12 * HOUR_MS + 1), true);
});

test('a source announces 64 times an hour and asks at its rate, and recovers with time', () => {
  const gate = createDirectoryGate();
  const announce = (count: number, nowMs: number): boolean =>
    gate.admitAnnounce({ range: '203.0.113', source: '203.0.113.1', target: `t${count}`, key: 'a', nowMs });
  const admitted = Array.from({ length: 100 }, (_, count) => announce(count, 0)).filter(Boolean);
  assert.equal(admitted.length, LIMITS.directoryAnnouncesPerSourceHour.value);
  assert.equal(announce(200, HOUR_MS), true);

  const asked = Array.from({ length: 2000 }, () => gate.admitRequest('203.0.113.1', 0)).filter(Boolean);
  assert.equal(asked.length, LIMITS.directoryRequestsBurst.value);
  assert.equal(gate.admitRequest('203.0.113.2', 0), true);
  assert.equal(gate.admitRequest('203.0.113.1', 1000), true);
});
