import { expect, test } from 'vitest';
import { AttnError } from './errors.ts';
import { fromWire, toWire } from './wire-error.ts';

const sent = (error: unknown): AttnError => fromWire(structuredClone(toWire(error, 'wasm')), 'wasm');

test.each([
  new AttnError('INVALID_SHAPE', 'core/attention', 'q must be [B, H, N, D], got [2]'),
  new AttnError('MALFORMED_FILE', 'models', 'two lines:\nof one sentence'),
])('%s is the same error on the other side', (error) => {
  expect(sent(error)).toBeInstanceOf(AttnError);
  expect({ ...sent(error) }).toEqual({ ...error });
  expect(sent(error).message).toBe(error.message);
});

test('any other error is a defect of the package', () => {
  expect(sent(new TypeError('x is no function'))).toMatchObject({
    code: 'INTERNAL',
    message: '[attn/wasm] x is no function',
  });
  expect(sent('whale').sentence).toBe('whale');
});
