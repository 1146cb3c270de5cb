/**
 * Every peer is loaded for real, in a process of its own as in a contest, and computes what the reference
 * says. Other people's libraries change when we choose so: `npm run check` tests them.
 */
import { describe, expect, test } from 'vitest';
// The built module, because children load their script from `dist`.
import { contest } from '../../dist/contest/contest.js';
import { CAUSAL, peer, windowOf } from '../subjects/index.ts';
import { peers } from './index.ts';

describe.each(Object.keys(peers))('%s', (name) => {
  test('computes each pattern, or says that it does not have it', async () => {
    const results = await contest(
      {
        dense: peer(name, { n: 48, heads: 2, headDim: 16 }),
        causal: peer(name, { n: 48, heads: 2, headDim: 16, pattern: CAUSAL }),
        window: peer(name, { n: 1024, heads: 2, headDim: 16, pattern: windowOf(256) }),
      },
      { rounds: 1 },
    );
    const computed = Object.values(results).filter((result) => {
      if (result.failed === undefined) return result.error < 1e-5;
      expect(result.failed).toMatch(/ has no (dense|causal|window) attention$/);
      return false;
    });
    expect(computed.length).toBeGreaterThan(0);
  });
});
