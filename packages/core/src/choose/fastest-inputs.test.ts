// How layers of codes read their inputs where nobody says it: a fact of the backends that may run them.
import { expect, test } from 'vitest';
import type { Backend, Probe } from '../contract/backend.ts';
import { createAttn } from '../run/create-attn.ts';
import { fakeBackend } from '../run/fake-backend.testing.ts';

const MISSING: Probe = { available: false, reason: 'none' };

/** A backend that is fastest with these inputs. */
function likes(name: string, fastestInputs: Backend['fastestInputs'], probe?: Probe): Backend {
  return { ...fakeBackend(name, probe && { probe: async () => probe }), fastestInputs };
}

const [a, b] = [likes('a', 'int12'), likes('b', 'float')];
const indifferent = likes('c', undefined);

test.each<[string, readonly Backend[], string | undefined, string]>([
  ['no backend', [], undefined, 'float'],
  ['one that gains', [a], undefined, 'int12'],
  ['one that gains nothing', [b], undefined, 'float'],
  ['one to which it is all the same', [indifferent], undefined, 'float'],
  ['one that gains, before one to which it is all the same', [a, indifferent], undefined, 'int12'],
  ['two that differ', [a, b], undefined, 'float'],
  ['two that differ, in another order', [b, a], undefined, 'float'],
  ['two that differ, of which one is the default', [b, a], 'a', 'int12'],
  ['two that differ, of which the other is the default', [a, b], 'b', 'float'],
  ['one that gains, beside one that is not there', [a, likes('b', 'float', MISSING)], undefined, 'int12'],
])('%s', async (_title, backends, backend, expected) => {
  const attn = await createAttn({ backends, ...(backend !== undefined && { backend }) });
  expect(attn.fastestInputs()).toBe(expected);
});
