import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLog, createMemoryLog } from '../../node/log.ts';
import { openLogFile } from '../../node/log-file.ts';

test('a line has time, level, chapter, code and message, and its own fields cannot replace them', () => {
  const log = createMemoryLog(() => 0);
  log.write('warn', 'suppliers', 'A seat is empty.', 'SERVICE_OFF', { seat: 3, level: 'none', chapter: 'x' });
  log.write('info', 'system', 'The node is up.');
  assert.deepEqual(log.lines, [
    {
      level: 'warn',
      at: '1970-01-01T00:00:00.000Z',
      chapter: 'suppliers',
      seat: 3,
      code: 'SERVICE_OFF',
      message: 'A seat is empty.',
    },
    { level: 'info', at: '1970-01-01T00:00:00.000Z', chapter: 'system', code: null, message: 'The node is up.' },
  ]);
});

test('each chapter has its own level, which can be changed while it runs', () => {
  const lines: string[] = [];
  const log = createLog({
    write: (line) => lines.push(line),
    now: () => 0,
    level: 'info',
    levels: { network: 'error' },
  });
  log.write('debug', 'backup', 'one');
  log.write('info', 'network', 'two');
  log.setLevel('debug');
  log.write('debug', 'backup', 'three');
  log.write('info', 'network', 'four');
  log.setLevel('info', 'network');
  log.write('info', 'network', 'five');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { message: string }).message),
    ['three', 'five'],
  );
});

test('a full log file is put aside, the oldest goes, and no line is lost or cut', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitdust-log-'));
  try {
    const file = openLogFile(join(folder, 'node.log'), { bytesMax: 100, filesKept: 2 });
    for (let number = 0; number < 20; number++) file.write(`line ${String(number).padStart(2, '0')} of twenty\n`);
    file.close();
    assert.deepEqual(readdirSync(folder).sort(), ['node.log', 'node.log.1', 'node.log.2']);
    const text = ['node.log.2', 'node.log.1', 'node.log'].map((name) => readFileSync(join(folder, name), 'utf8'));
    const lines = text.join('').trimEnd().split('\n');
    assert.deepEqual(
      lines,
      Array.from(
        { length: lines.length },
        (_, at) => `line ${String(20 - lines.length + at).padStart(2, '0')} of twenty`,
      ),
    );
    assert.ok(lines.length > 8 && text.every((part) => part.length <= 100));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
