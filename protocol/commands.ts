import { BitDustError } from './errors.ts';
import { LIMITS } from './limits.ts';
import * as identity from './payloads-identity.ts';
import * as service from './payloads-service.ts';
import * as storage from './payloads-storage.ts';
import type { Shape, Shaped } from './shape.ts';

/** Every command a packet may carry in this version. */
export type Command =
  | 'Identity'
  | 'Ack'
  | 'Fail'
  | 'FindIdentity'
  | 'FindNickname'
  | 'ProveOwnership'
  | 'RequestService'
  | 'CancelService'
  | 'ReadLog'
  | 'AppendLog'
  | 'GetDocument'
  | 'PutDocument'
  | 'ListFiles'
  | 'Files'
  | 'Data'
  | 'Retrieve'
  | 'Delete'
  | 'AuditPiece'
  | 'Proof'
  | 'Confess'
  | 'Notice';

/**
 * Who may send. `owner`: a device of the newest list of the owner. `prover`: a session that proved ownership with the
 * words, which reads. `seat`: a device of the owner's newest family. `party`: the other side of a contract, either way.
 * `asked`: only as the answer to a request.
 */
export type Sender = 'anyone' | 'owner' | 'prover' | 'seat' | 'party' | 'asked';

/** One row of the table: what a packet of this command may hold, who may send it and what answers it. */
export interface CommandRow {
  readonly summary: string;
  readonly payload: Shape<unknown>;
  /** Largest packet of this command, head and all. */
  readonly bytesMax: number;
  readonly streamsMax: number;
  readonly streamBytesMax: number;
  readonly who: readonly Sender[];
  /** Where it depends on a document's name: who else may send. */
  readonly whoByName?: Readonly<Record<string, readonly Sender[]>>;
  readonly answer: {
    readonly command: 'Ack' | 'Identity' | 'Files' | 'Proof';
    readonly payload: Shape<unknown>;
    readonly streamsMax: number;
    readonly streamBytesMax: number;
  } | null;
}

const KIB = 1024;
const MIB = 1024 * KIB;

const { packetBytesMax, pieceBytesMax, piecesPerPacketMax, documentBytesMax, auditProofBytesMax } = LIMITS;
const noStreams = { streamsMax: 0, streamBytesMax: 0 } as const;
const oneDocument = { streamsMax: 1, streamBytesMax: documentBytesMax.value } as const;

function ack<Value>(payload: Shape<Value>, streams: { streamsMax: number; streamBytesMax: number } = noStreams) {
  return { command: 'Ack', payload, ...streams } as const;
}

const pieceStreams = { streamsMax: piecesPerPacketMax.value, streamBytesMax: pieceBytesMax.value } as const;

/** The table of all commands; `docs/protocol/packets.md` is generated from it. */
export const COMMANDS = {
  Identity: {
    summary: 'The greeting: first packet of a link, and again when the own head changed.',
    payload: identity.identityPayload,
    bytesMax: 56 * KIB,
    ...noStreams,
    who: ['anyone'],
    answer: { command: 'Identity', payload: identity.identityPayload, ...noStreams },
  },
  Ack: {
    summary: 'The answer of a request, as the row of the request says.',
    payload: service.emptyAnswer,
    bytesMax: 16 * KIB,
    ...pieceStreams,
    who: ['asked'],
    answer: null,
  },
  Fail: {
    summary: 'The request was refused or failed.',
    payload: identity.failPayload,
    bytesMax: KIB,
    ...noStreams,
    who: ['asked'],
    answer: null,
  },
  FindIdentity: {
    summary: 'Asks for the newest identity file known here.',
    payload: identity.findIdentityPayload,
    bytesMax: KIB,
    ...noStreams,
    who: ['anyone'],
    answer: ack(identity.findIdentityAnswer, oneDocument),
  },
  FindNickname: {
    summary: 'Asks a device announced under a nickname for its claim.',
    payload: identity.findNicknamePayload,
    bytesMax: KIB,
    ...noStreams,
    who: ['anyone'],
    answer: ack(identity.findNicknameAnswer),
  },
  ProveOwnership: {
    summary: 'Asks for a challenge, then answers it with a root signature, so that this session may read.',
    payload: identity.proveOwnershipPayload,
    bytesMax: KIB,
    ...noStreams,
    who: ['anyone'],
    answer: ack(identity.proveOwnershipAnswer, { streamsMax: 3, streamBytesMax: documentBytesMax.value }),
  },
  RequestService: {
    summary: 'Asks to be served under a contract, or to change one.',
    payload: service.requestServicePayload,
    bytesMax: 4 * KIB,
    ...noStreams,
    who: ['anyone'],
    answer: ack(service.requestServiceAnswer),
  },
  CancelService: {
    summary: 'Ends a contract, by its own rules.',
    payload: service.cancelServicePayload,
    bytesMax: 2 * KIB,
    ...noStreams,
    who: ['party'],
    answer: ack(identity.receiptAnswer),
  },
  ReadLog: {
    summary: 'Reads heads, then entries, of the order logs of the owner.',
    payload: service.readLogPayload,
    bytesMax: 4 * KIB,
    ...noStreams,
    who: ['owner', 'prover', 'seat'],
    answer: ack(service.readLogAnswer, { streamsMax: 1, streamBytesMax: 4 * MIB }),
  },
  AppendLog: {
    summary: 'Brings entries of the order logs of the owner.',
    payload: service.appendLogPayload,
    bytesMax: KIB,
    streamsMax: 1,
    streamBytesMax: MIB,
    who: ['owner', 'seat'],
    answer: ack(service.appendLogAnswer),
  },
  GetDocument: {
    summary: 'Reads a document of the owner.',
    payload: identity.getDocumentPayload,
    bytesMax: KIB,
    ...noStreams,
    who: ['owner', 'prover'],
    whoByName: { family: ['seat'], records: ['seat'], identity: ['anyone'] },
    answer: ack(identity.getDocumentAnswer, oneDocument),
  },
  PutDocument: {
    summary: 'Brings a newer version of a document of the owner.',
    payload: identity.putDocumentPayload,
    bytesMax: KIB,
    ...oneDocument,
    who: ['owner'],
    whoByName: { family: ['seat'], identity: ['anyone'] },
    answer: ack(identity.receiptAnswer),
  },
  ListFiles: {
    summary: 'Compares the inventory of a span, or asks for single pieces.',
    payload: storage.listFilesPayload,
    bytesMax: 16 * KIB,
    ...noStreams,
    who: ['owner', 'prover'],
    answer: { command: 'Files', payload: storage.filesPayload, ...noStreams },
  },
  Files: {
    summary: 'What is held, to `ListFiles`.',
    payload: storage.filesPayload,
    bytesMax: 60 * KIB,
    ...noStreams,
    who: ['asked'],
    answer: null,
  },
  Data: {
    summary: 'Brings pieces to keep.',
    payload: storage.dataPayload,
    bytesMax: 16 * KIB,
    ...pieceStreams,
    who: ['owner'],
    answer: ack(storage.dataAnswer),
  },
  Retrieve: {
    summary: 'Reads ranges of pieces, each verifiable by its root.',
    payload: storage.retrievePayload,
    bytesMax: 16 * KIB,
    ...noStreams,
    who: ['owner', 'prover'],
    answer: ack(storage.retrieveAnswer, {
      streamsMax: piecesPerPacketMax.value,
      streamBytesMax: pieceBytesMax.value + 64 * KIB,
    }),
  },
  Delete: {
    summary: 'Orders pieces into the trash, by an entry of the log.',
    payload: storage.deletePayload,
    bytesMax: 16 * KIB,
    ...noStreams,
    who: ['owner'],
    answer: ack(storage.deleteAnswer),
  },
  AuditPiece: {
    summary: 'A challenge that makes evidence: leaves chosen by the nonce.',
    payload: storage.auditPiecePayload,
    bytesMax: KIB,
    ...noStreams,
    who: ['owner'],
    answer: {
      command: 'Proof',
      payload: storage.proofPayload,
      streamsMax: 1,
      streamBytesMax: auditProofBytesMax.value,
    },
  },
  Proof: {
    summary: 'The signed proof or refusal, to `AuditPiece`.',
    payload: storage.proofPayload,
    bytesMax: 8 * KIB,
    streamsMax: 1,
    streamBytesMax: auditProofBytesMax.value,
    who: ['asked'],
    answer: null,
  },
  Confess: {
    summary: 'A supplier says which pieces he found rotten or missing.',
    payload: service.confessPayload,
    bytesMax: 16 * KIB,
    ...noStreams,
    who: ['seat'],
    answer: ack(service.emptyAnswer),
  },
  Notice: {
    summary: 'A word between the two sides of a contract.',
    payload: service.noticePayload,
    bytesMax: 4 * KIB,
    ...noStreams,
    who: ['party'],
    answer: ack(service.emptyAnswer),
  },
} as const satisfies Record<Command, CommandRow>;

/** Payload of a request, as its shape gives it. */
export type PayloadOf<C extends Command> = Shaped<(typeof COMMANDS)[C]['payload']>;

/** Payload of the answer to a request of this command. */
export type AnswerOf<C extends Command> = (typeof COMMANDS)[C]['answer'] extends { readonly payload: infer S }
  ? Shaped<S>
  : never;

/** True for the name of a command of this version. */
export function isCommand(name: string): name is Command {
  return Object.hasOwn(COMMANDS, name);
}

/** Checks a payload against its command; `ENCODING_INVALID` names the field. */
export function checkPayload<C extends Command>(command: C, payload: unknown): PayloadOf<C> {
  return COMMANDS[command].payload.check(payload, command) as PayloadOf<C>;
}

/** Checks the payload of an answer against the row of the request it answers. */
export function checkAnswer<C extends Command>(request: C, answer: Command, payload: unknown): AnswerOf<C> {
  const row: CommandRow = COMMANDS[request];
  if (row.answer === null || row.answer.command !== answer) {
    throw new BitDustError('ENCODING_INVALID', `${answer} does not answer ${request}`);
  }
  return row.answer.payload.check(payload, `${request} ${answer}`) as AnswerOf<C>;
}

/** Who may send this request; the name of a document may add senders. */
export function sendersOf(command: Command, payload: Readonly<Record<string, unknown>>): readonly Sender[] {
  const row: CommandRow = COMMANDS[command];
  const name = payload['name'];
  const byName = row.whoByName;
  if (byName === undefined || typeof name !== 'string' || !Object.hasOwn(byName, name)) return row.who;
  return [...row.who, ...(byName[name] ?? [])];
}

/** Largest packet there is; a packet of a command is bounded by its row. */
export const PACKET_BYTES_MAX = packetBytesMax.value;
