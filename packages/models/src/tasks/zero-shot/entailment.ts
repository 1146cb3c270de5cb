/** Which labels of a classifier say that a hypothesis follows from a text, and that it is contradicted. */
import type { JsonObject } from '@attn/core';
import { ConfigReader } from '../../checkpoint/config-reader.ts';

/** Ids of labels. */
export interface EntailmentIds {
  readonly entailment: number;
  readonly contradiction: number;
}

/**
 * The ids by the names of a config's `label2id`: names that begin with "entail" and "contradict", in any
 * case. Without such names they are the last label for entailment, and the first for its contradiction, or
 * the last where the first is entailment. Errors: `MALFORMED_FILE`.
 */
export function entailmentIds(config: JsonObject, count: number): EntailmentIds {
  const ids = idsOf(config, count);
  const called = (start: string): number | undefined =>
    ids.find(([name]) => name.toLowerCase().startsWith(start))?.[1];
  const entailment = called('entail') ?? count - 1;
  return { entailment, contradiction: called('contradict') ?? (entailment === 0 ? count - 1 : 0) };
}

function idsOf(config: JsonObject, count: number): readonly (readonly [name: string, id: number])[] {
  const reader = new ConfigReader(config);
  const ids = reader.object('label2id');
  if (ids === undefined) {
    const names = Object.entries(reader.object('id2label') ?? {});
    return names.flatMap(([id, name]) => (Number(id) < count ? [[String(name), Number(id)] as const] : []));
  }
  return Object.entries(ids).map(([name, id]) => {
    if (Number.isInteger(id) && Number(id) >= 0 && Number(id) < count) return [name, Number(id)] as const;
    throw reader.wrong(`label2id[${name}]`, `an id from 0 to ${count - 1}`, id);
  });
}
