/** Compute pipelines by their source. Each is compiled once, without blocking the thread. */
import { AttnError } from '@attn/core';
import { clock, debug } from '@attn/core/backend';

/** A kernel's WGSL source, and its name in messages. */
export interface KernelSource {
  readonly name: string;
  readonly code: string;
}

/** The pipelines of one device. */
export class PipelineCache {
  private readonly device: GPUDevice;
  private readonly byCode = new Map<string, Promise<GPUComputePipeline>>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** Number of pipelines, compiled or compiling. */
  get count(): number {
    return this.byCode.size;
  }

  /** The pipeline of a source. Errors: `COMPILE_FAILED`, with the compiler's message. */
  get(source: KernelSource): Promise<GPUComputePipeline> {
    const pipeline = this.byCode.get(source.code) ?? this.compile(source);
    this.byCode.set(source.code, pipeline);
    return pipeline;
  }

  private async compile({ name, code }: KernelSource): Promise<GPUComputePipeline> {
    debug(4, () => `webgpu: ${name}\n${code}`);
    const start = clock.now();
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ code, label: name });
    const scope = this.device.popErrorScope();
    try {
      const compute = { module, entryPoint: 'main' };
      const pipeline = await this.device.createComputePipelineAsync({ layout: 'auto', compute, label: name });
      await scope;
      debug(2, () => `webgpu: compiled ${name} in ${(clock.now() - start).toFixed(1)} ms`);
      return pipeline;
    } catch (cause) {
      this.byCode.delete(code);
      await scope.catch(() => null);
      const { messages } = await module.getCompilationInfo();
      const errors = messages
        .filter(({ type }) => type === 'error')
        .map(({ lineNum, linePos, message }) => `line ${lineNum}:${linePos}: ${message}`);
      const reason =
        errors.length > 0 ? errors.join('; ') : cause instanceof Error ? cause.message : String(cause);
      throw new AttnError(
        'COMPILE_FAILED',
        'webgpu/compile',
        `kernel ${name} does not compile: ${reason.slice(0, 500)}`,
        {
          cause,
        },
      );
    }
  }
}
