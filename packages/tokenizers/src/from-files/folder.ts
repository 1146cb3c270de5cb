/** The files of a folder, by their names. */
import { AttnError } from '@attn/core';
import { ordinaryMemory, show, storageOver, typedArrayName } from '@attn/core/backend';
import { malformed, WHERE } from '../errors.ts';
import type { ConfigFiles } from '../from-json/config-files.ts';
import { parseJson, type Fields } from '../from-json/fields.ts';

/** Files of a checkpoint's folder by their names, each as text or bytes. Undefined counts as absent. */
export type TokenizerFiles = Readonly<Record<string, string | Uint8Array | undefined>>;

/** The files of a folder, read when they are asked for. */
export class Folder {
  private readonly files: ReadonlyMap<string, string | Uint8Array>;

  constructor(entries: readonly (readonly [string, unknown])[]) {
    const files = new Map<string, string | Uint8Array>();
    for (const [name, value] of entries) {
      if (value === undefined || value === null) continue;
      if (typeof value !== 'string' && typedArrayName(value) !== 'Uint8Array') {
        const message = `files[${show(name)}] must be a text or a Uint8Array, got ${show(value)}`;
        throw new AttnError('INVALID_ARGUMENT', WHERE, message);
      }
      files.set(name, value as string | Uint8Array);
    }
    this.files = files;
  }

  get names(): readonly string[] {
    return [...this.files.keys()];
  }

  has(name: string): boolean {
    return this.files.has(name);
  }

  /** A file's text. Errors: `MISSING_INPUT`, `MALFORMED_FILE`. */
  text(name: string): string {
    const value = this.content(name);
    if (typeof value === 'string') return value;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(ordinaryMemory(value));
    } catch (cause) {
      throw malformed(name, 'it is not valid UTF-8', { cause });
    }
  }

  /** A file's bytes. Errors: `MISSING_INPUT`, `INVALID_ARGUMENT`. */
  bytes(name: string): Uint8Array {
    const value = this.content(name);
    if (typeof value !== 'string') return storageOver('u8', value.buffer, value.byteOffset, value.length);
    const message = `files[${show(name)}] must be a Uint8Array, because it is no text, got ${show(value)}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }

  /** A file of JSON; undefined where there is none. Errors: `MALFORMED_FILE`. */
  json(name: string): Fields | undefined {
    return this.has(name) ? parseJson(this.text(name), name) : undefined;
  }

  /** The files that say more of a tokenizer. Errors: `MALFORMED_FILE`. */
  configFiles(): ConfigFiles {
    return {
      config: this.json('tokenizer_config.json'),
      specialTokensMap: this.json('special_tokens_map.json'),
      addedTokens: this.json('added_tokens.json'),
      model: this.json('config.json'),
    };
  }

  private content(name: string): string | Uint8Array {
    const value = this.files.get(name);
    if (value !== undefined) return value;
    const others =
      this.names.length === 0 ? 'there are no files' : `there are ${this.names.slice(0, 12).join(', ')}`;
    throw new AttnError('MISSING_INPUT', WHERE, `${name} is missing; ${others}`);
  }
}
