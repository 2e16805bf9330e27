import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createStage, difference, parseTranscript } from '../support/transcript.ts';

const folder = new URL('./transcripts/', import.meta.url);

describe('transcripts of the command line', { concurrency: 2 }, () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
    test(`${file} is what is printed`, async () => {
      const stage = createStage();
      let pid = '';
      const named = (text: string) => text.replaceAll(stage.home, '$HOME').replaceAll(`${pid || '\0'}`, '$PID');
      try {
        for (const step of parseTranscript(readFileSync(new URL(file, folder), 'utf8'))) {
          if ('node' in step) pid = String((await stage.startNode()).pid);
          else if ('file' in step) stage.writeFile(step.file, step.text);
          else {
            const words = step.words.map((word) => word.replaceAll('$HOME', stage.home));
            const ran = await stage.run(words, step.input);
            const where = `${file}:${step.line} bitdust ${step.words.join(' ')}`;
            assert.equal(ran.exit, step.exit, `${where}: exit ${ran.exit}\n${ran.stdout}${ran.stderr}`);
            assert.equal(difference(named(ran.stdout), step.stdout), null, where);
            assert.equal(difference(named(ran.stderr), step.stderr), null, `${where} (standard error)`);
          }
        }
      } finally {
        await stage.end();
      }
    });
  }
});
