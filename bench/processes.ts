import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let ticks: number | undefined;

function ticksPerSecond(): number {
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks;
}

/** Fields of /proc/PID/stat after the name, which may hold spaces itself; the first one is the state. */
function statOf(pid: number | 'self'): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** User and system time of all threads of a process so far. */
export function cpuSecondsOf(pid: number): number {
  const [user, system] = statOf(pid).slice(11, 13);
  return (Number(user) + Number(system)) / ticksPerSecond();
}

/** User and system time of the children of this process that have ended. */
export function endedChildrenCpuSeconds(): number {
  const [user, system] = statOf('self').slice(13, 15);
  return (Number(user) + Number(system)) / ticksPerSecond();
}

/** Resident memory of a process now, and the most it ever was. */
export function residentBytesOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}
