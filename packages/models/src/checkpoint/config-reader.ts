/**
 * Reads the fields of a config.json. The type of each field is
 * checked; one sentence says which field is wrong.
 */
import { AttnError, type JsonObject } from '@attn/core';
import { anObject, show } from '@attn/core/backend';

/** Largest integer of a config. No model has larger sizes. */
const MOST = 2 ** 31 - 1;

/** The fields of one config. Errors of all methods: `MALFORMED_FILE`. */
export class ConfigReader {
  private readonly config: JsonObject;
  private readonly file: string;

  /**
   * Errors: `MALFORMED_FILE`.
   *
   * @param file name of the config in messages
   */
  constructor(config: JsonObject, file = 'config.json') {
    if (!anObject.test(config)) throw malformed(`${file} must be an object, got ${show(config)}`);
    try {
      this.config = { ...config };
    } catch (cause) {
      throw malformed(`${file} must be readable, got ${show(config)}`, cause);
    }
    this.file = file;
  }

  /** An integer from `least` to `most`. Without a default the field must be there. */
  integer(
    name: string,
    { least = 0, most = MOST, byDefault }: { least?: number; most?: number; byDefault?: number } = {},
  ): number {
    const value = this.field(name) ?? byDefault;
    if (isInteger(value, least) && value <= most) return value;
    throw this.wrong(name, `an integer from ${least} to ${most}`, value);
  }

  /** A finite number ≥ `least`. Without a default the field must be there. */
  number(name: string, { least = 0, byDefault }: { least?: number; byDefault?: number } = {}): number {
    const value = this.field(name) ?? byDefault;
    if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
    throw this.wrong(name, `a number ≥ ${least}`, value);
  }

  /** True or false; `byDefault` when the field is absent. */
  flag(name: string, byDefault: boolean): boolean {
    const value = this.field(name) ?? byDefault;
    if (typeof value === 'boolean') return value;
    throw this.wrong(name, 'true or false', value);
  }

  /** One of the texts of `allowed`. Without a default the field must be there. */
  oneOf<T extends string>(name: string, allowed: readonly T[], byDefault?: T): T {
    const value = this.field(name) ?? byDefault;
    const match = allowed.find((text) => text === value);
    if (match !== undefined) return match;
    throw this.wrong(name, `one of ${allowed.join(', ')}`, value);
  }

  /** A list of integers, exactly `count` of them if that is set. */
  integers(
    name: string,
    { count, least = 0, byDefault }: { count?: number; least?: number; byDefault?: readonly number[] } = {},
  ): readonly number[] {
    const value = this.field(name) ?? byDefault;
    const fits = Array.isArray(value) && (count === undefined || value.length === count);
    if (fits && value.every((item) => isInteger(item, least))) return value;
    throw this.wrong(name, `a list of ${count ?? ''} integers ≥ ${least}`.replace('  ', ' '), value);
  }

  /** A list of `count` integers; a single integer stands for `count` equal ones. */
  integerOrList(
    name: string,
    { count, least = 0, byDefault }: { count: number; least?: number; byDefault?: number },
  ): readonly number[] {
    const value = this.field(name) ?? byDefault;
    if (isInteger(value, least)) return new Array<number>(count).fill(value);
    if (Array.isArray(value)) return this.integers(name, { count, least });
    throw this.wrong(name, `an integer ≥ ${least} or a list of ${count}`, value);
  }

  /** A list of texts; empty when the field is absent. */
  texts(name: string): readonly string[] {
    const value = this.field(name) ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.wrong(name, 'a list of texts', value);
  }

  /** An object; `undefined` when the field is absent. */
  object(name: string): JsonObject | undefined {
    const value = this.field(name);
    if (value === undefined || anObject.test(value)) return value as JsonObject | undefined;
    throw this.wrong(name, 'an object', value);
  }

  /** The value of a field; `undefined` when it is absent or null. */
  field(name: string): unknown {
    return Object.hasOwn(this.config, name) ? (this.config[name] ?? undefined) : undefined;
  }

  /** The error of a field with a wrong value. */
  wrong(name: string, expected: string, got: unknown): AttnError {
    return malformed(`${this.file}: ${name} must be ${expected}, got ${show(got)}`);
  }
}

function malformed(message: string, cause?: unknown): AttnError {
  return new AttnError(
    'MALFORMED_FILE',
    'models/config',
    message,
    cause === undefined ? undefined : { cause },
  );
}

function isInteger(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= MOST;
}
