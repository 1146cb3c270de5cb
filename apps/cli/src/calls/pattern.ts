/** The attention of a pattern. */
import { greatestRowError } from '@attn/conformance/rows';
import { attention, patternFromJson, type Json } from '@attn/core';
import { ATTENTION_OPTIONAL, ATTENTION_REQUIRED, TABLE_INPUTS, tablesOf } from '@attn/core/backend';
import { planCost } from '../plan-cost.ts';
import type { SystemOption, InputNames } from './call.ts';
import { referenceInputs } from './rows.ts';

/** Its tensors. */
export const PATTERN_INPUTS: InputNames = { required: ATTENTION_REQUIRED, optional: ATTENTION_OPTIONAL };

/** Errors: `INVALID_PATTERN`. */
export function patternCall(json: Json): SystemOption {
  const pattern = patternFromJson(json);
  return {
    name: 'attention',
    inputs: PATTERN_INPUTS,
    prepare(tensors, options) {
      const { q, k, v, ...optional } = Object.fromEntries(
        Object.entries(tensors).filter(([name]) => !name.startsWith(TABLE_INPUTS)),
      );
      const inputs = { q, k, v, ...optional, tables: tablesOf(tensors) };
      const attributes = { pattern, ...options, returnLse: true } as const;
      const call = attention({ ...inputs, ...attributes });
      void call.graph; // Refuses what does not fit.
      return {
        call,
        cost: (signal) => planCost(inputs, attributes, signal),
        greatestError: async (_, { out }, rows) =>
          greatestRowError(referenceInputs(tensors), attributes, out, rows),
      };
    },
  };
}
