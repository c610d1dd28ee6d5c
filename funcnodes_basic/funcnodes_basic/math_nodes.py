"""The math shelf: arithmetic, comparisons, logic on truths, and what Python's `math` offers.

One row for each node: its id, the name people see, the sentence they find it by, and the function behind it.
The shapes (how many ports, of what type) come from `formula`.
"""

import math
import operator

import funcnodes_core as fn
from funcnodes_basic.formula import (
    check,
    comparison,
    constant,
    distance,
    integer,
    integers,
    number,
    numbers,
    rounding,
    scaling,
    total,
    truth,
    truths,
    whole,
)


@fn.NodeDecorator(id="value_node", name="Value")
def value_node(value: float) -> float:
    """Give the value on as it is: one place to set a number that several nodes use."""
    return value


@fn.NodeDecorator(id="round_node", name="Round")
def round_node(a: float, ndigits: int = 0) -> float:
    """Round a to ndigits digits after the point; a half goes to the even neighbour."""
    return round(float(a), whole(ndigits))


@fn.NodeDecorator(id="math.modf", name="Split Number")
def math_modf_node(a: float) -> float:
    """Split a into its fractional and its whole part, both with the sign of a: modf(a) is a pair."""
    # The port says `float` since published graphs know it so; the value is the pair.
    return math.modf(float(a))  # pyright: ignore[reportReturnType]


abs_node = number("abs_node", "Absolute Value", "The distance of a from zero: |a|.", abs)
add_node = numbers("add_node", "Add", "The sum a + b.", operator.add)
and_node = truths("and_node", "And", "True when both a and b are true.", lambda a, b: a and b)
div_node = numbers("div_node", "Divide", "The quotient a / b.", lambda a, b: a / b)
equal_node = comparison("equal_node", "Equal", "True when a and b are the same number: a == b.", operator.eq)
floor_div_node = numbers(
    "floor_div_node", "Floor Divide", "The quotient rounded down: a // b.", lambda a, b: a // b
)
greater_equal_node = comparison("greater_equal_node", "Greater or Equal", "True when a >= b.", operator.ge)
greater_node = comparison("greater_node", "Greater", "True when a > b.", operator.gt)
less_equal_node = comparison("less_equal_node", "Less or Equal", "True when a <= b.", operator.le)
less_node = comparison("less_node", "Less", "True when a < b.", operator.lt)
mod_node = numbers("mod_node", "Modulo", "The rest of a / b with the sign of b: a % b.", operator.mod)
mul_node = numbers("mul_node", "Multiply", "The product a * b.", operator.mul)
neg_node = number("neg_node", "Negate", "The number with the other sign: -a.", operator.neg)
not_equal_node = comparison("not_equal_node", "Not Equal", "True when a and b differ: a != b.", operator.ne)
not_node = truth("not_node", "Not", "True when a is false.", operator.not_)
or_node = truths("or_node", "Or", "True when a or b or both are true.", lambda a, b: a or b)
pos_node = number("pos_node", "Positive", "The number as it is, as a float: +a.", operator.pos)
pow_node = numbers("pow_node", "Power", "a to the power of b: a ** b.", lambda a, b: a**b)
sub_node = numbers("sub_node", "Subtract", "The difference a - b.", operator.sub)
xor_node = truths(
    "xor_node", "Exclusive Or", "True when exactly one of a and b is true.", lambda a, b: a != b
)

math_acos_node = number(
    "math.acos", "Arc Cosine", "The angle in radians whose cosine is a: acos(a).", math.acos
)
math_acosh_node = number("math.acosh", "Inverse Hyperbolic Cosine", "acosh(a), for a from 1 up.", math.acosh)
math_asin_node = number("math.asin", "Arc Sine", "The angle in radians whose sine is a: asin(a).", math.asin)
math_asinh_node = number("math.asinh", "Inverse Hyperbolic Sine", "asinh(a).", math.asinh)
math_atan2_node = numbers(
    "math.atan2", "Arc Tangent 2", "The angle in radians of the point (b, a): atan2(a, b).", math.atan2
)
math_atan_node = number(
    "math.atan", "Arc Tangent", "The angle in radians whose tangent is a: atan(a).", math.atan
)
math_atanh_node = number(
    "math.atanh", "Inverse Hyperbolic Tangent", "atanh(a), for a between -1 and 1.", math.atanh
)
math_cbrt_node = number("math.cbrt", "Cube Root", "The cube root of a: cbrt(a).", math.cbrt)
math_ceil_node = number("math.ceil", "Ceiling", "The smallest whole number not below a: ceil(a).", math.ceil)
math_comb_node = integers(
    "math.comb",
    "Combinations",
    "In how many ways b of a things can be chosen, order aside: comb(a, b).",
    math.comb,
)
math_copysign_node = numbers("math.copysign", "Copy Sign", "The size of a with the sign of b.", math.copysign)
math_cos_node = number("math.cos", "Cosine", "The cosine of an angle in radians: cos(a).", math.cos)
math_cosh_node = number("math.cosh", "Hyperbolic Cosine", "The hyperbolic cosine: cosh(a).", math.cosh)
math_degrees_node = number(
    "math.degrees", "To Degrees", "An angle in radians given in degrees.", math.degrees
)
math_dist_node = distance(
    "math.dist", "Distance", "The straight distance between the points a and b, given as lists.", math.dist
)
math_e_node = constant(
    "math.e", "Euler's Number", "The constant e = 2.718281…, base of natural logarithms.", math.e
)
math_erf_node = number("math.erf", "Error Function", "The error function of a: erf(a).", math.erf)
math_erfc_node = number(
    "math.erfc", "Complementary Error Function", "1 - erf(a), exact for large a.", math.erfc
)
math_exp2_node = number("math.exp2", "Power of Two", "2 to the power of a: exp2(a).", math.exp2)
math_exp_node = number("math.exp", "Exponential", "e to the power of a: exp(a).", math.exp)
math_expm1_node = number("math.expm1", "Exponential Minus One", "exp(a) - 1, exact for small a.", math.expm1)
math_fabs_node = number("math.fabs", "Float Absolute Value", "|a| as a float: fabs(a).", math.fabs)
math_factorial_node = integer("math.factorial", "Factorial", "The product of 1 to a: a!", math.factorial)
math_floor_node = number("math.floor", "Floor", "The largest whole number not above a: floor(a).", math.floor)
math_fmod_node = numbers(
    "math.fmod", "Float Modulo", "The rest of a / b with the sign of a: fmod.", math.fmod
)
math_fsum_node = total(
    "math.fsum", "Exact Sum", "The sum of the list a without rounding on the way: fsum.", math.fsum
)
math_gamma_node = number("math.gamma", "Gamma", "The gamma function of a; (a - 1)! for whole a.", math.gamma)
math_gcd_node = integers(
    "math.gcd", "Greatest Common Divisor", "The greatest number that divides both.", math.gcd
)
math_hypot_node = numbers("math.hypot", "Hypotenuse", "The square root of a² + b²: hypot(a, b).", math.hypot)
math_inf_node = constant("math.inf", "Infinity", "The float above all others: inf.", math.inf)
math_isclose_node = comparison(
    "math.isclose", "Is Close", "True when a and b agree to nine digits: isclose(a, b).", math.isclose
)
math_isfinite_node = check(
    "math.isfinite", "Is Finite", "True when a is neither infinite nor NaN.", math.isfinite
)
math_isinf_node = check("math.isinf", "Is Infinite", "True when a is infinite, of either sign.", math.isinf)
math_isnan_node = check("math.isnan", "Is NaN", "True when a is NaN, not a number.", math.isnan)
math_isqrt_node = integer(
    "math.isqrt", "Integer Square Root", "The square root of a rounded down.", math.isqrt
)
math_lcm_node = integers("math.lcm", "Least Common Multiple", "The smallest number both divide.", math.lcm)
math_ldexp_node = scaling("math.ldexp", "Scale by Power of Two", "a * 2 ** b: ldexp(a, b).", math.ldexp)
math_lgamma_node = number("math.lgamma", "Log Gamma", "The logarithm of |gamma(a)|: lgamma(a).", math.lgamma)
math_log10_node = number("math.log10", "Log 10", "The logarithm of a to base 10: log10(a).", math.log10)
math_log1p_node = number("math.log1p", "Log of One Plus", "log(1 + a), exact for small a.", math.log1p)
math_log2_node = number("math.log2", "Log 2", "The logarithm of a to base 2: log2(a).", math.log2)
math_log_node = number("math.log", "Natural Log", "The natural logarithm of a, to base e: log(a).", math.log)
math_nan_node = constant("math.nan", "NaN", "The float that is not a number: NaN.", math.nan)
math_nextafter_node = numbers(
    "math.nextafter", "Next After", "The next float after a in the direction of b.", math.nextafter
)
math_perm_node = integers(
    "math.perm", "Permutations", "In how many ways b of a things can be put in a row: perm(a, b).", math.perm
)
math_pi_node = constant("math.pi", "Pi", "The constant π = 3.141592…, half a turn in radians.", math.pi)
math_pow_node = numbers(
    "math.pow", "Float Power", "a to the power of b, always in floats: pow(a, b).", math.pow
)
math_prod_node = total("math.prod", "Product", "The product of the list a; 1 for an empty list.", math.prod)
math_radians_node = number(
    "math.radians", "To Radians", "An angle in degrees given in radians.", math.radians
)
math_remainder_node = numbers(
    "math.remainder", "Remainder", "a minus the nearest multiple of b: remainder(a, b).", math.remainder
)
math_sin_node = number("math.sin", "Sine", "The sine of an angle in radians: sin(a).", math.sin)
math_sinh_node = number("math.sinh", "Hyperbolic Sine", "The hyperbolic sine: sinh(a).", math.sinh)
math_sqrt_node = number("math.sqrt", "Square Root", "The square root of a: sqrt(a).", math.sqrt)
math_tan_node = number("math.tan", "Tangent", "The tangent of an angle in radians: tan(a).", math.tan)
math_tanh_node = number("math.tanh", "Hyperbolic Tangent", "The hyperbolic tangent: tanh(a).", math.tanh)
math_tau_node = constant("math.tau", "Tau", "The constant τ = 6.283185…, a whole turn in radians.", math.tau)
math_trunc_node = rounding(
    "math.trunc", "Truncate", "a without its digits after the point: trunc(a).", math.trunc
)

NODE_SHELF = fn.Shelf(
    name="math",
    description="Arithmetic, comparisons, truths, and the functions of Python's math.",
    nodes=[
        abs_node, add_node, and_node, div_node, equal_node, floor_div_node, greater_equal_node,
        greater_node, less_equal_node, less_node, math_acos_node, math_acosh_node, math_asin_node,
        math_asinh_node, math_atan2_node, math_atan_node, math_atanh_node, math_cbrt_node, math_ceil_node,
        math_comb_node, math_copysign_node, math_cos_node, math_cosh_node, math_degrees_node,
        math_dist_node, math_e_node, math_erf_node, math_erfc_node, math_exp2_node, math_exp_node,
        math_expm1_node, math_fabs_node, math_factorial_node, math_floor_node, math_fmod_node,
        math_fsum_node, math_gamma_node, math_gcd_node, math_hypot_node, math_inf_node, math_isclose_node,
        math_isfinite_node, math_isinf_node, math_isnan_node, math_isqrt_node, math_lcm_node,
        math_ldexp_node, math_lgamma_node, math_log10_node, math_log1p_node, math_log2_node, math_log_node,
        math_modf_node, math_nan_node, math_nextafter_node, math_perm_node, math_pi_node, math_pow_node,
        math_prod_node, math_radians_node, math_remainder_node, math_sin_node, math_sinh_node,
        math_sqrt_node, math_tan_node, math_tanh_node, math_tau_node, math_trunc_node, mod_node, mul_node,
        neg_node, not_equal_node, not_node, or_node, pos_node, pow_node, round_node, sub_node, value_node,
        xor_node,
    ],
)  # fmt: skip
