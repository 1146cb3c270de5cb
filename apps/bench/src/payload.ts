/** What a small application imports: the payload that `suites/start.ts` weighs. */
import { createAttn, globalTokens, or, slidingWindow, type Attn, type Pattern } from '@attn/core';
import { wasm } from '@attn/wasm';

export const pattern: Pattern = or(slidingWindow({ before: 256, after: 256 }), globalTokens([0]));
export const start = (): Promise<Attn> => createAttn({ backends: [wasm()] });
