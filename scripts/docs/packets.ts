import { COMMANDS, type CommandRow } from '../../protocol/commands.ts';

const INTRODUCTION = `# Packets

A packet is the unit of meaning inside a session. It is strict CBOR (\`statements.md\`, Encoding):

    {command: text, n: int, re: int | null, owner: bytes 32 | null, payload: map, streams: [{id: int, length: int}]}

- \`n\` rises by one per direction of the link, beginning with 1; any other number is refused.
- \`re\` is the \`n\` of the request this packet answers, null for a request. \`Identity\` is both.
- \`owner\` is the person (public key of root 0) whom the request serves, null when that is the sender's own person.
- \`streams\` are the bulk streams beside the packet, in the order the payload speaks of them. Each has exactly
  \`length\` bytes.
- Ids are raw bytes: person, device, block, hash 32; log 16. Times are ms since 1970. Seats are 0 to 255.
- An unknown key of a map is ignored, an unknown command is refused with \`COMMAND_UNKNOWN\`.
- A packet over the limit of its command, a payload not of its shape, a stream too many or too long, and a sender who is
  not entitled change nothing; the answer is \`Fail\`, to strangers with the code \`no\`.

Senders: *anyone*; *owner*, a device of the newest list of the owner; *prover*, a session that proved ownership with the
words; *seat*, a device of the owner's newest family; *party*, the other side of a contract; *asked*, only as an answer.

This page is generated from \`protocol/commands.ts\`.
`;

function bytesText(bytes: number): string {
  if (bytes >= 1024 * 1024 && bytes % (1024 * 1024) === 0) return `${bytes / 1024 / 1024} MiB`;
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`;
}

function streamsText(row: { readonly streamsMax: number; readonly streamBytesMax: number }): string {
  if (row.streamsMax === 0) return 'none';
  return `at most ${row.streamsMax}, each at most ${bytesText(row.streamBytesMax)}`;
}

function block(shape: string): string {
  return `\n    ${shape}\n`;
}

function section([name, row]: readonly [string, CommandRow]): string {
  const extra = Object.entries(row.whoByName ?? {}).map(([document, who]) => `\`${document}\` also ${who.join(', ')}`);
  const lines = [
    `## ${name}`,
    '',
    row.summary,
    '',
    `- Sent by: ${[row.who.join(', '), ...extra].join('; ')}.`,
    `- Packet: at most ${bytesText(row.bytesMax)}. Streams: ${row.who.includes('asked') ? 'as the request says' : streamsText(row)}.`,
  ];
  if (name === 'Ack') return [...lines, '- Payload: as the row of the request says.', ''].join('\n');
  lines.push('', 'Payload:', block(row.payload.text));
  if (row.answer !== null) {
    const answer = `Answer: \`${row.answer.command}\`; streams: ${streamsText(row.answer)}.`;
    const isOwnRow = row.answer.command !== 'Ack';
    lines.push(answer, isOwnRow ? '' : block(row.answer.payload.text));
  }
  return lines.join('\n');
}

/** The page `docs/protocol/packets.md`, whole. */
export function packetsPage(): string {
  return `${INTRODUCTION}\n${Object.entries<CommandRow>(COMMANDS).map(section).join('\n').trimEnd()}\n`;
}
