/** The table of ops and backends. */
import { expect, test } from 'vitest';
import { formatReport } from './report.ts';

test('a report has a row per op, a column per backend, and the failures below', () => {
  const text = formatReport([
    {
      backend: 'cpu',
      results: [
        { id: 'attn:attention:full;n=1', status: 'passed' },
        {
          id: 'attn:attention:full;n=2',
          status: 'failed',
          message: 'attn:attention:full;n=2 on cpu: why\nlong story',
        },
        { id: 'attn:relu:x=1', status: 'passed' },
      ],
    },
    { backend: 'webgpu', results: [{ id: 'attn:attention:full;n=1', status: 'unsupported', reason: 'no' }] },
  ]);
  expect(text).toMatchInlineSnapshot(`
    "op         cpu  webgpu
    attention  1/2  0/1 (1 unsupported)
    relu       1/1  –
    all        2/3  0/1 (1 unsupported)
    ✗ attn:attention:full;n=2 on cpu: why"
  `);
});
