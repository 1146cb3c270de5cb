import { describe, expect, it } from 'vitest';
import { EXAMPLE_SIZES, examples } from './examples.testing.ts';
import { patternFromJson } from './json.ts';
import { checkClassify, checkSignature, checkVariant, checkWithoutGlobals } from './properties.testing.ts';

describe.each(examples)('$name', (example) => {
  const { pattern } = example;

  it('fits the sizes of the examples', () => pattern.validate(EXAMPLE_SIZES));
  it('classifies runs as its cells say', () => checkClassify(example));
  it('has signatures that mean equal masks', () => checkSignature(pattern));
  it('is the same without its global tokens where there are none', () => checkWithoutGlobals(pattern));
  it('has variants that mean equal masks', () => checkVariant(pattern));

  it('survives JSON with an equal key and equal cells', () => {
    const copy = patternFromJson(JSON.parse(JSON.stringify(pattern)));
    expect(copy.toJSON()).toEqual(pattern.toJSON());
    expect(copy.key).toBe(pattern.key);
    for (let i = 0; i < 48 * 48; i += 5) {
      const [q, k] = [Math.floor(i / 48), i % 48];
      expect(copy.allows(1, 1, q, k)).toBe(pattern.allows(1, 1, q, k));
    }
  });

  it('names its global tokens in ascending order, without repetition', () => {
    for (const b of [0, 1]) {
      const globals = [...pattern.globals(b, 0)];
      expect(globals).toEqual([...new Set(globals)].sort((x, y) => x - y));
    }
  });

  it('is immutable', () => expect(Object.isFrozen(pattern)).toBe(true));
});

it('has examples with different keys', () => {
  expect(new Set(examples.map(({ pattern }) => pattern.key)).size).toBe(examples.length);
});
