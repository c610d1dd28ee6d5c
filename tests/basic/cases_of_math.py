"""What each math node does: exact values where there are any, known figures elsewhere, and the edges."""

import math
from typing import Any

from tests.basic.cases import Refused, Row

NAN = float("nan")


def one(name: str, *pairs: tuple[Any, Any]) -> list[Row]:
    return [
        (f"math_nodes.{name}", {"a": a}, out if isinstance(out, Refused) else {"out": out})
        for a, out in pairs
    ]


def two(name: str, *triples: tuple[Any, Any, Any]) -> list[Row]:
    return [
        (f"math_nodes.{name}", {"a": a, "b": b}, out if isinstance(out, Refused) else {"out": out})
        for a, b, out in triples
    ]


DOMAIN, ZERO, WHOLE = Refused("math domain error"), Refused("zero"), Refused("whole number")

ARITHMETIC: list[Row] = [
    ("math_nodes.value_node", {"value": 3}, {"out": 3}),
    ("math_nodes.value_node", {"value": math.inf}, {"out": math.inf}),
    *one("abs_node", (-1.5, 1.5), (2, 2.0), (-math.inf, math.inf)),
    *two(
        "add_node",
        (2, 3, 5.0),
        ("2", "3", 5.0),
        (1e308, 1e308, math.inf),
        ("x", 1, Refused("could not convert")),
    ),
    *two("sub_node", (2, 3, -1.0), (math.inf, math.inf, NAN)),
    *two("mul_node", (2, 3, 6.0), (0, -1, 0.0)),
    *two("div_node", (7, 2, 3.5), (1, 0, ZERO)),
    *two("floor_div_node", (7, 2, 3.0), (-7, 2, -4.0), (1, 0, ZERO)),
    *two("mod_node", (7, 3, 1.0), (-7, 3, 2.0), (1, 0, Refused("modulo"))),
    *two("pow_node", (2, 10, 1024.0), (0, 0, 1.0), (0, -1, Refused("negative power"))),
    *one("neg_node", (1.5, -1.5), (0, 0.0)),
    *one("pos_node", (-1.5, -1.5), (2, 2.0)),
    ("math_nodes.round_node", {"a": 2.567}, {"out": 3.0}),
    ("math_nodes.round_node", {"a": 2.5}, {"out": 2.0}),
    ("math_nodes.round_node", {"a": 2.567, "ndigits": 2}, {"out": 2.57}),
    ("math_nodes.round_node", {"a": 1234, "ndigits": -2}, {"out": 1200.0}),
    ("math_nodes.round_node", {"a": 1, "ndigits": 0.5}, WHOLE),
]

TRUTHS: list[Row] = [
    *two("and_node", (True, True, True), (True, False, False), (0, 1, False)),
    *two("or_node", (False, True, True), (False, False, False)),
    *two("xor_node", (True, False, True), (True, True, False), (2, 1, False)),
    *one("not_node", (True, False), (0, True)),
    *two("equal_node", (1, 1.0, True), (1, 2, False), (NAN, NAN, False), ("1", 1, True)),
    # A float holds no more than 53 bits, and none of these.
    *two("equal_node", (2**53 + 1, 2**53, False), (10**400, 10**400, True), (10**400, math.inf, False)),
    *two("not_equal_node", (1, 2, True), (NAN, NAN, True)),
    *two("greater_node", (2, 1, True), (1, 1, False), (10**400 + 1, 10**400, True)),
    *two("greater_equal_node", (1, 1, True), (0, 1, False)),
    *two("less_node", (1, 2, True), (1, 1, False), (NAN, 1, False)),
    *two("less_equal_node", (1, 1, True), (2, 1, False)),
    *two("math_isclose_node", (1.0, 1.0 + 1e-10, True), (1.0, 1.1, False), (0, 0, True)),
    *one("math_isfinite_node", (1, True), (math.inf, False), (NAN, False)),
    *one("math_isinf_node", (-math.inf, True), (NAN, False)),
    *one("math_isnan_node", (NAN, True), (0, False)),
]

FUNCTIONS: list[Row] = [
    *one("math_acos_node", (1, 0.0), (0.5, 1.0471975511965979), (2, DOMAIN)),
    *one("math_acosh_node", (1, 0.0), (2, 1.3169578969248166), (0.5, DOMAIN)),
    *one("math_asin_node", (0, 0.0), (1, 1.5707963267948966), (2, DOMAIN)),
    *one("math_asinh_node", (0, 0.0), (2, 1.4436354751788103)),
    *one("math_atan_node", (1, 0.7853981633974483), (math.inf, 1.5707963267948966)),
    *two("math_atan2_node", (1, 1, 0.7853981633974483), (0, 0, 0.0), (1, 0, 1.5707963267948966)),
    *one("math_atanh_node", (0, 0.0), (0.5, 0.5493061443340548), (1, DOMAIN)),
    *one("math_cbrt_node", (27, 3.0), (-8, -2.0)),
    *one("math_ceil_node", (0.5, 1), (-1.5, -1)),
    *one("math_floor_node", (0.5, 0), (-1.5, -2)),
    *one("math_trunc_node", (1.9, 1), (-1.9, -1), (math.inf, Refused("infinity"))),
    *two(
        "math_comb_node",
        (5, 2, 10),
        (5.0, 2.0, 10),
        ("5", "2", 10),
        (5.5, 2, WHOLE),
        (-1, 1, Refused("negative")),
    ),
    *two("math_perm_node", (5, 2, 20), (2, 5, 0)),
    *one("math_factorial_node", (5, 120), (0, 1), (5.0, 120), (5.5, WHOLE), (-1, Refused("negative"))),
    *two("math_gcd_node", (12, 18, 6), (0, 0, 0), (1.5, 3, WHOLE)),
    *two("math_lcm_node", (4, 6, 12), (1, 0, 0)),
    *one("math_isqrt_node", (17, 4), (-1, Refused("nonnegative"))),
    *two("math_ldexp_node", (1.5, 3, 12.0), (1, 0.5, WHOLE)),
    *two("math_copysign_node", (3, -0.0, -3.0), (math.inf, -1, -math.inf)),
    *one("math_cos_node", (0, 1.0), (math.pi, -1.0)),
    *one("math_cosh_node", (0, 1.0), (1000, Refused("range error"))),
    *one("math_degrees_node", (math.pi, 180.0), (math.inf, math.inf)),
    *one("math_radians_node", (180, math.pi), (-360, -2 * math.pi)),
    *two("math_dist_node", ([0, 0], [3, 4], 5.0), ([1], [1, 2], Refused("same number of dimensions"))),
    *one("math_erf_node", (0, 0.0), (0.5, 0.5204998778130465)),
    *one("math_erfc_node", (0, 1.0), (2, 0.004677734981047265)),
    *one("math_exp_node", (0, 1.0), (1, math.e), (1000, Refused("range error"))),
    *one("math_exp2_node", (10, 1024.0), (-2000, 0.0), (2000, Refused("math range error"))),
    *one("math_expm1_node", (0, 0.0), (1e-10, 1.00000000005e-10)),
    *one("math_fabs_node", (-2, 2.0), (-math.inf, math.inf), ("x", Refused("could not convert"))),
    *two("math_fmod_node", (-7, 3, -1.0), (1, 0, DOMAIN)),
    *one("math_fsum_node", ([0.1] * 10, 1.0), ([], 0.0)),
    *one("math_prod_node", ([2, 3.5], 7.0), ([], 1)),
    *one("math_gamma_node", (5, 24.0), (0, DOMAIN)),
    *one("math_lgamma_node", (1, 0.0), (0.5, 0.5723649429247004)),
    *two("math_hypot_node", (3, 4, 5.0), (math.inf, math.nan, math.inf)),
    *one("math_log_node", (1, 0.0), (math.e, 1.0), (0, DOMAIN)),
    *one("math_log10_node", (1000, 3.0), (-1, DOMAIN)),
    *one("math_log1p_node", (0, 0.0), (-2, DOMAIN)),
    *one("math_log2_node", (8, 3.0), (0, DOMAIN)),
    *one("math_modf_node", (-1.5, (-0.5, -1.0)), (2, (0.0, 2.0))),
    *two("math_nextafter_node", (1, 2, 1.0000000000000002), (0, 0, 0.0)),
    *two("math_pow_node", (2, 10, 1024.0), (-8, 0.5, DOMAIN)),
    *two("math_remainder_node", (2.5, 1.5, -0.5), (1, 0, DOMAIN)),
    *one("math_sin_node", (0, 0.0), (math.pi / 2, 1.0), (math.inf, DOMAIN)),
    *one("math_sinh_node", (0, 0.0), (2, 3.626860407847019)),
    *one("math_sqrt_node", (9, 3.0), (-1, DOMAIN)),
    *one("math_tan_node", (0, 0.0), (0.5, 0.5463024898437905)),
    *one("math_tanh_node", (0, 0.0), (math.inf, 1.0)),
    ("math_nodes.math_e_node", {}, {"out": 2.718281828459045}),
    ("math_nodes.math_pi_node", {}, {"out": 3.141592653589793}),
    ("math_nodes.math_tau_node", {}, {"out": 6.283185307179586}),
    ("math_nodes.math_inf_node", {}, {"out": math.inf}),
    ("math_nodes.math_nan_node", {}, {"out": NAN}),
]
