import { expect, it } from 'vitest';
import { hashText } from '../../util/json-value.ts';
import { where } from '../where.ts';
import { CANVASES } from './canvases.testing.ts';
import { SEQUENCES } from './sequences.testing.ts';

it.each([...SEQUENCES, ...CANVASES])(
  '$name, as a formula',
  ({ heads, queries, keys, formula, predicate, mask }) => {
    const pattern = where(formula);
    let [built, plain] = ['', ''];
    for (let h = 0; h < heads; h++) {
      for (let q = 0; q < queries; q++) {
        for (let k = 0; k < keys; k++) {
          built += pattern.allows(0, h, q, k) ? 1 : 0;
          plain += predicate(h, q, k) ? 1 : 0;
        }
      }
    }
    expect(built).toBe(plain);
    expect(hashText(built)).toBe(mask);
  },
);
