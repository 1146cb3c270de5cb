// `npm run demo`: the command `attn demo`, with its options.
import { main } from './cli.ts';

process.exitCode = await main(['demo', ...process.argv.slice(2)]);
