/** Refuses fields of a config.json that would change the numbers in a way that is not supported. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { ConfigReader } from './config-reader.ts';

/**
 * Checks that each of these fields is absent, or null, or has one of the values that are supported. Errors:
 * `UNSUPPORTED`, with the field and its value.
 */
export function checkSupported(
  where: string,
  reader: ConfigReader,
  supported: Readonly<Record<string, readonly unknown[]>>,
): void {
  for (const [name, values] of Object.entries(supported)) {
    const value = reader.field(name);
    if (value === undefined || values.includes(value)) continue;
    const expected = values.length === 0 ? 'absent' : values.map(show).join(' or ');
    throw new AttnError('UNSUPPORTED', where, `config.json: ${name} must be ${expected}, got ${show(value)}`);
  }
}
