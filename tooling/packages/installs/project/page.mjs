// In a page: leaves what `check` found where the test looks.
import { check } from './check.mjs';
import { expected } from './expected.mjs';
import { start } from './start.mjs';

globalThis.result = await check(start, expected).then(
  (lines) => ({ lines }),
  (error) => ({ error: String(error?.stack ?? error) }),
);
