/** One field of a config.json of which nothing is known yet. */
import type { JsonObject } from '@attn/core';

/** A field of a config.json; undefined when `config` is not an object. */
export function fieldOf(config: JsonObject, name: string): unknown {
  try {
    return typeof config === 'object' && config !== null ? config[name] : undefined;
  } catch {
    return undefined; // An object that cannot be read is not a config.
  }
}
