// What `npm run demo` shows: `attn demo`, with the same options.
import { main } from './cli.ts';

process.exitCode = await main(['demo', ...process.argv.slice(2)]);
