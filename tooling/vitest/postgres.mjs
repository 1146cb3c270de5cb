// A PostgreSQL with pgvector for tests and benchmarks. It is the server of ATTN_POSTGRES, a URL whose user
// may make databases; or a cluster of its own in the temporary folder, from the programs in
// ATTN_POSTGRES_BIN, in the folder that `.ci/run` fills, or of Debian's packages.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where `.ci/run` puts the programs of the wheel that it installs. */
export const WHEEL_FOLDER = join(tmpdir(), 'attn-postgres');

/** Folders of programs whose server has pgvector, and where each keeps its extensions. */
function* programs() {
  const { ATTN_POSTGRES_BIN: folder } = process.env;
  if (folder) yield folder;
  yield* globSync(join(WHEEL_FOLDER, '*/pginstall/bin'));
  yield* globSync('/usr/lib/postgresql/*/bin').toSorted();
}

function hasVector(bin) {
  const [, version] = /postgresql\/(\d+)\/bin/.exec(bin) ?? [];
  const folders = [
    join(bin, '../share/postgresql'),
    join(bin, '../share'),
    `/usr/share/postgresql/${version}`,
  ];
  return folders.some((folder) => existsSync(join(folder, 'extension/vector.control')));
}

/** The user of another name than root, as which the server runs: it refuses root. */
function serverUser() {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] =
    users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(uid), gid: Number(gid) };
}

/**
 * Runs the server until its input ends: when it is stopped, and also when the process that started it is
 * killed. Then the folder goes, too.
 */
const UNTIL_INPUT_ENDS = `
folder=$1; shift
"$@" </dev/null & server=$!
trap '' INT TERM
cat >/dev/null
kill -INT "$server" # a fast shutdown: connections are closed
wait "$server"
rm -rf "$folder"`;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts a server, or takes that of ATTN_POSTGRES. Returns its URL and what ends it, or the reason why there
 * is none.
 */
export async function startPostgres() {
  if (process.env.ATTN_POSTGRES) return { url: process.env.ATTN_POSTGRES, stop: async () => {} };
  if (process.platform === 'win32') return { reason: 'it is not looked for on Windows' };
  const bin = [...programs()].find((folder) => existsSync(join(folder, 'initdb')) && hasVector(folder));
  if (bin === undefined) return { reason: 'this machine has no PostgreSQL with pgvector' };
  const user = serverUser();
  const folder = mkdtempSync(join(tmpdir(), 'attn-pg-'));
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const options = { ...user, cwd: folder, encoding: 'utf8' };
  const creation = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'attn', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    options,
  );
  if (creation.status !== 0) {
    rmSync(folder, { recursive: true });
    return { reason: `initdb of ${bin} failed: ${creation.stderr ?? creation.error?.message}` };
  }
  const port = await freePort();
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'shared_buffers=256MB'];
  const program = [join(bin, 'postgres'), '-D', data, '-p', port, '-k', folder, ...settings];
  const server = spawn('sh', ['-c', UNTIL_INPUT_ENDS, 'sh', folder, ...program], {
    ...options,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let log = '';
  server.stderr.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
  const ended = new Promise((resolve) => server.on('exit', resolve));
  const stop = async () => {
    server.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 200 && server.exitCode === null; attempt++) {
    if (spawnSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', port]).status === 0) {
      return { url: `postgres://attn@127.0.0.1:${port}/postgres`, stop };
    }
    await sleep(50);
  }
  await stop();
  return { reason: `the server of ${bin} did not start: ${log}` };
}
