import type { Fact, FactType } from '../../bus/facts/index.ts';
import type { NodeApi } from '../api/index.ts';

/** What a supplier may know of somebody who asks to be a customer. */
export interface CustomerCandidate {
  readonly person: string;
  readonly nickname: string | null;
  readonly isContact: boolean;
  readonly wantedBytes: number;
}

/** Limits of the bandwidth by the hour of the day, `'08-23'`; rates as `'2MiB/s'`. */
export interface RateRule {
  readonly hours?: string;
  readonly up?: string;
  readonly down?: string;
}

/** A backup set as it is written in the configuration. */
export interface SetRule {
  readonly name: string;
  readonly paths: readonly string[];
  /** How often, `'1h'`; without it only by `bitdust backup`. */
  readonly every?: string;
  readonly keep?: Readonly<Partial<Record<'last' | 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly', number>>>;
}

/** What a `bitdust.config.ts` may say. Everything is optional. */
export interface BitDustConfig {
  readonly nickname?: string | null;
  readonly role?: string;
  readonly network?: {
    readonly name?: string | null;
    readonly id?: string | null;
    readonly bootstrap?: readonly string[];
    readonly host?: string;
    readonly port?: number | null;
    readonly directoryPort?: number | null;
  };
  readonly api?: { readonly port?: number };
  readonly log?: { readonly level?: 'debug' | 'info' | 'warn' | 'error' };
  readonly storage?: { readonly engine?: 'auto' | 'rocksdb' | 'leveldb' };
  readonly services?: {
    readonly customer?: {
      readonly enabled?: boolean;
      /** `'auto'`, or k of n as `'4/8'`. */
      readonly suppliers?: string;
      readonly patience?: string | null;
      readonly sets?: readonly SetRule[];
    };
    readonly supplier?: {
      readonly enabled?: boolean;
      readonly donate?: string;
      readonly accept?: ((customer: CustomerCandidate) => boolean | Promise<boolean>) | null;
      readonly rate?: readonly RateRule[];
    };
  };
  /** Called on facts of the bus, one after another; a failure is logged. */
  readonly on?: { readonly [T in FactType]?: (fact: Fact<T>, node: NodeApi) => unknown };
}

/** Gives a configuration its type. */
export function defineConfig(config: BitDustConfig): BitDustConfig {
  return config;
}
