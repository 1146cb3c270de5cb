// In a runtime: prints what `check` found, and must then end by itself.
import { check } from './check.mjs';
import { expected } from './expected.mjs';
import { start } from './start.mjs';

console.log((await check(start, expected)).join('\n'));
