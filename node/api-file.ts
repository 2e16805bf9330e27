import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { readText, replaceText } from './files.ts';
import type { HomePaths } from './home.ts';

const TOKEN_BYTES = 32;

const schema = z.object({
  url: z.string(),
  socket: z.string().nullable(),
  pid: z.int(),
  startedAt: z.string(),
  version: z.string(),
});

/** How a running node is reached. */
export type ApiFile = z.output<typeof schema>;

/** The access token of a home; made at the first start, for its owner alone. */
export function ensureToken(paths: HomePaths): string {
  const known = readText(paths.token)?.trim();
  if (known !== undefined && known.length >= TOKEN_BYTES) return known;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  replaceText(paths.token, `${token}\n`);
  return token;
}

/** What the running node wrote, or a killed one left behind; undefined when there is nothing. */
export function readApiFile(paths: HomePaths): ApiFile | undefined {
  const text = readText(paths.apiFile);
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Tells commands how to reach this node. */
export function writeApiFile(paths: HomePaths, file: ApiFile): void {
  replaceText(paths.apiFile, `${JSON.stringify(file)}\n`);
}

/** Ends that, at an orderly stop. */
export function removeApiFile(paths: HomePaths): void {
  rmSync(paths.apiFile, { force: true });
}
