// Runtimes that the tools install. All are npm packages, so npm is enough on a machine without any of them.

/** The version of Node that builds and tests everything. */
export const NODE = '24.21.0';

/** The oldest version of Node on which packages are tested. */
export const OLDER_NODE = '22.23.3';

/** The npm package of Node for this machine; undefined when there is none. */
export function nodePackage(version) {
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  return ['linux-x64', 'linux-arm64', 'win-x64'].includes(platform)
    ? `node-${platform}@${version}`
    : undefined;
}

/** Other runtimes, each with its package and the command that runs a script. */
export const DENO = { name: 'Deno', spec: 'deno@2.9.6', command: ['deno', 'run', '--allow-all'] };
export const BUN = { name: 'Bun', spec: 'bun@1.4.5', command: ['bun'] };

/** Arguments of npx that run a script in a runtime of an npm package. */
export function inRuntime({ spec, command }, ...script) {
  return ['--yes', '--prefer-offline', '--loglevel=error', '-p', spec, '--', ...command, ...script];
}
