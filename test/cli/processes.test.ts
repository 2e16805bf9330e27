import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import { createStage, type Stage } from '../support/transcript.ts';

let stage: Stage;
beforeEach(() => {
  stage = createStage();
});
afterEach(() => stage.end());

/** Gathers what a child prints and how it ends. */
function watch(child: ChildProcess) {
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.on('data', (chunk) => {
      said[stream] += String(chunk);
    });
  }
  const closed = once(child, 'close').then(([exit]) => exit as number | null);
  const says = async (stream: 'stdout' | 'stderr', text: string) => {
    while (!said[stream].includes(text)) await once(child[stream] as NodeJS.ReadableStream, 'data');
  };
  return { said, closed, says };
}

test('Ctrl-C ends a backup with 130, says that the task goes on, and leaves it running', async () => {
  const node = await stage.startNode();
  const following = watch(node).says('stdout', 'following');
  const child = stage.spawn(['backup', '.', '--set', 'endless', '--json']);
  const { said, closed } = watch(child);
  await following;
  child.kill('SIGINT');
  assert.equal(await closed, 130);
  assert.match(said.stderr, /Interrupted; the task t21 goes on\./);
  assert.equal(JSON.parse(said.stdout).error.code, 'CANCELLED');
});

test('a node that is killed in the middle of a command ends it with 3 within 5 s', async () => {
  const node = await stage.startNode();
  const following = watch(node).says('stdout', 'following');
  const child = stage.spawn(['backup', '.', '--set', 'endless', '--json']);
  const { said, closed } = watch(child);
  await following;
  const killedAt = performance.now();
  node.kill('SIGKILL');
  assert.equal(await closed, 3);
  assert.ok(performance.now() - killedAt < 5000);
  assert.equal(JSON.parse(said.stdout).error.code, 'NODE_LOST');
  assert.match(said.stderr, /^error NODE_LOST: /);
});

test('a node that is stopped in order ends a command that follows it with 3', async () => {
  const node = await stage.startNode();
  const following = watch(node).says('stdout', 'following');
  const child = stage.spawn(['backup', '.', '--set', 'endless']);
  const { closed } = watch(child);
  await following;
  assert.equal((await stage.run(['stop'])).exit, 0);
  assert.equal(await closed, 3);
});

test('events followed print one JSON object per line until Ctrl-C', async () => {
  await stage.startNode();
  const child = stage.spawn(['events', '-f', '--json']);
  const { said, closed, says } = watch(child);
  await says('stdout', '\n');
  child.kill('SIGINT');
  assert.equal(await closed, 130);
  assert.equal(JSON.parse(said.stdout.split('\n')[0] ?? '').type, 'supplier.hired');
});

test('a reader that has seen enough ends the command without an error', async () => {
  await stage.startNode();
  const child = stage.spawn(['events', '-f', '--json']);
  const { closed, said, says } = watch(child);
  await says('stdout', '\n');
  child.stdout?.destroy();
  child.kill('SIGTERM');
  assert.notEqual(await closed, null);
  assert.doesNotMatch(said.stderr, /INTERNAL|EPIPE/);
});

test('a second node on the same home is refused', async () => {
  await stage.startNode();
  await assert.rejects(stage.startNode(), /HOME_LOCKED|Another node already uses this home/);
  assert.equal((await stage.run(['status', '--quiet'])).exit, 0);
});

test('the scripts of completion are right in the eyes of their shells', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    if (spawnSync(shell, ['--version']).error) continue;
    const { stdout } = await stage.run(['completion', shell]);
    const checked = spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stderr);
  }
});

test('bash offers commands, sub-commands, options and what the running node lists', async (t) => {
  if (spawnSync('bash', ['--version']).error) return t.skip('no bash here');
  await stage.startNode();
  const { stdout: script } = await stage.run(['completion', 'bash']);
  const main = new URL('../../cli/main.ts', import.meta.url).pathname;
  const offered = (...words: string[]) => {
    const program = `${script}
bitdust() { '${process.execPath}' '${main}' "$@"; }
COMP_WORDS=(bitdust ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
_bitdust; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { ...process.env, BITDUST_HOME: stage.home };
    return spawnSync('bash', ['-c', program], { encoding: 'utf8', env }).stdout.trim().split('\n');
  };
  assert.deepEqual(offered('stor'), ['storage']);
  assert.deepEqual(offered('storage', 'v'), ['verify']);
  assert.deepEqual(offered('--json', 'backup', '--no-'), ['--no-wait', '--no-color']);
  assert.deepEqual(offered('services', 'start', 'c'), ['customer']);
  return undefined;
});
