/**
 * The two halves of the suite, for backends that take long: each has all of the contract, goldens and
 * properties, and half of the cases. `suite.test.ts` holds that either finds every planted fault.
 */
import { aString, checkArgument, integer, type Kind } from '@attn/core/backend';
import { isInPart, matches } from './select.ts';

/** What says which half: 0 or 1. */
export const aHalf: Kind = integer(0, 1);

/** Cases that find a planted fault which no case of the other half finds. */
const IN_BOTH = `
  attn:attention:causal;n=130;heads=1;d=4;data=halves*1152921504606847000
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=farWaves
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=trig
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=wrapping
  attn:div:a=8;b=8;*
  attn:graph:additive-left-padded
  attn:graph:output-is-input
  attn:lshAttention:n=40;chunk=8;data=bell*0.001
  attn:lshHash:x=2x2x40x8;*
  attn:mask:x=8x5;*NaN*
  attn:quantizedEmbedding:ids=*;bits=16;*
  attn:silu:x=2x16;*
`;

/** True when the test of this id is in the half, 0 or 1. Errors: `INVALID_ARGUMENT`. */
export function isInHalf(half: 0 | 1, id: string): boolean {
  checkArgument('conformance/isInHalf', 'half', half, aHalf);
  checkArgument('conformance/isInHalf', 'id', id, aString);
  const isCase = id.startsWith('attn:');
  return !isCase || isInPart({ part: half, of: 2 }, id) || matches(IN_BOTH, id);
}
