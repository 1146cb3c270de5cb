struct Params {
  count: u32,
  source: u32,
  target_: u32,
  extent0: u32,
  from0: u32,
  to0: u32,
  extent1: u32,
  from1: u32,
  to1: u32,
  extent2: u32,
  from2: u32,
  to2: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> from_: array<u32>;
@group(0) @binding(2) var<storage, read_write> to_: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= params.count) { return; }
  var rest = i;
  var at = 0u;
  var source = params.source;
  var target_ = params.target_;
  at = rest % params.extent2;
  source += at * params.from2;
  target_ += at * params.to2;
  rest /= params.extent2;
  at = rest % params.extent1;
  source += at * params.from1;
  target_ += at * params.to1;
  rest /= params.extent1;
  at = rest % params.extent0;
  source += at * params.from0;
  target_ += at * params.to0;
  rest /= params.extent0;
  to_[target_] = from_[source];
}