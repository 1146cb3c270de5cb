/**
 * Sines and cosines in WGSL, whose own are good between −π and π at most. Compilers may change the order of
 * sums of floats, so an angle is reduced with integers, which is exact for every float.
 */
import { wgsl } from '../template.ts';

/**
 * Declares `sine` and `cosine` of radians, off by at most 2⁻²². An angle is m · 2ᵉ. The digits of 2ᵉ / 2π
 * behind the point, times m, are the turns that it is beyond whole ones. Payne & Hanek 1983,
 * https://doi.org/10.1145/1057600.1057602
 */
export const WAVES: string = wgsl`
  // The binary digits of 1 / 2π behind the point, after 32 zeros.
  const TURN_DIGITS = array<u32, 7>(
    0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u);

  // 32 digits from a place on.
  fn turnDigits(place: u32) -> u32 {
    var digits = TURN_DIGITS;
    let shift = place & 31u;
    return (digits[place >> 5u] << shift) | ((digits[(place >> 5u) + 1u] >> 1u) >> (31u - shift));
  }

  // The upper half of the product of two integers.
  fn upperProduct(a: u32, b: u32) -> u32 {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
    return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
  }

  // What is left of an angle above 2⁻⁹ beyond whole turns, in units of 2⁻³² turns.
  fn turnsOf(bits: u32) -> u32 {
    let mantissa = (bits & 0x7fffffu) | 0x800000u;
    let place = (bits >> 23u) - 118u;
    return mantissa * turnDigits(place) + upperProduct(mantissa, turnDigits(place + 32u));
  }

  // The sine of a size plus so many quarter turns.
  fn wave(size: f32, quarters: u32) -> f32 {
    let bits = bitcast<u32>(size);
    if (bits >= 0x7f800000u) { return nan(); }
    var angle = size;
    var quadrant = quarters;
    if (size > 0.78539816) {
      let turns = turnsOf(bits);
      let nearest = (turns + 0x20000000u) >> 30u;
      angle = f32(bitcast<i32>(turns - (nearest << 30u))) * 1.4629180792671596e-9;
      quadrant += nearest;
    }
    let z = angle * angle;
    let ofSine = angle + angle * z
      * (-0.16666666667 + z * (0.0083333333333 + z * (-0.00019841269841 + z * 0.0000027557319224)));
    let ofCosine = 1.0 + z * (-0.5 + z * (0.041666666667 + z * (-0.0013888888889 + z * 0.000024801587302)));
    let value = select(ofSine, ofCosine, (quadrant & 1u) == 1u);
    return select(value, -value, (quadrant & 2u) == 2u);
  }

  fn sine(x: f32) -> f32 {
    let value = wave(abs(x), 0u);
    return select(value, -value, x < 0.0);
  }
  fn cosine(x: f32) -> f32 { return wave(abs(x), 1u); }`;
