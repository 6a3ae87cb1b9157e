//! Numbers as text: shortest digits of doubles, plain decimal literals.

/// The shortest decimal digits that read back as the same double, nearest to it if there are several, the even one if
/// two are equally near.
///
/// ECMAScript (Number::toString as RFC 8785 asks for it) and CPython (`float.__repr__`) choose the same digits and
/// differ only in where they put the point.
pub(super) struct Shortest {
    /// Digits without leading or trailing zeros, or `0`.
    digits: String,
    /// Power of ten of the first digit.
    exponent: i32,
}

impl Shortest {
    /// Digits of the magnitude of `float`; `None` if it is not finite.
    pub(super) fn of(float: f64) -> Option<Self> {
        if !float.is_finite() {
            return None;
        }
        let shortest = Self::read(&format!("{:e}", float.abs()))?;
        // Rust takes the odd digit of a tie when that is the larger (1424953923781206.25 ends in 3); formatting to a
        // given number of digits takes the even one. Two decimals of up to 15 digits never stand for the same
        // double, so there is no choice among fewer, and subnormals are no ties.
        let places = shortest.digits.len() - 1;
        if places >= 14 {
            let nearest = format!("{:.places$e}", float.abs());
            // Below a power of two the nearest may not read back.
            if nearest.parse() == Ok(float.abs()) {
                return Self::read(&nearest);
            }
        }
        Some(shortest)
    }

    fn read(scientific: &str) -> Option<Self> {
        let (mantissa, exponent) = scientific.split_once('e')?;
        Some(Self {
            digits: mantissa.replace('.', ""),
            exponent: exponent.parse().ok()?,
        })
    }

    /// The exponent of the first digit in scientific notation.
    pub(super) const fn exponent(&self) -> i32 {
        self.exponent
    }

    /// Appends the digits with the point in place and no exponent; `whole` follows if there is no fraction.
    pub(super) fn write_fixed(&self, whole: &str, out: &mut String) {
        let Ok(before_point) = usize::try_from(self.exponent) else {
            out.push_str("0.");
            push_zeros(usize::try_from(-self.exponent - 1).unwrap_or_default(), out);
            out.push_str(&self.digits);
            return;
        };
        let before_point = before_point + 1;
        match self.digits.split_at_checked(before_point) {
            Some((integer, fraction)) if !fraction.is_empty() => {
                out.push_str(integer);
                out.push('.');
                out.push_str(fraction);
            }
            _ => {
                out.push_str(&self.digits);
                push_zeros(before_point - self.digits.len(), out);
                out.push_str(whole);
            }
        }
    }

    /// Appends the digits as `d.ddde+x`, the exponent with at least `exponent_digits` digits.
    pub(super) fn write_scientific(&self, exponent_digits: usize, out: &mut String) {
        let (first, others) = self
            .digits
            .split_at_checked(1)
            .unwrap_or((&self.digits, ""));
        out.push_str(first);
        if !others.is_empty() {
            out.push('.');
            out.push_str(others);
        }
        let sign = if self.exponent < 0 { '-' } else { '+' };
        out.push_str(&format!(
            "e{sign}{:0exponent_digits$}",
            self.exponent.unsigned_abs()
        ));
    }
}

/// Whether the literal of a JSON number denotes the very number that `float`, the double nearest to it, is printed as.
///
/// PostgreSQL prints a double with 16 or 17 digits where the shortest lie on the border to its neighbour: `1e23` as
/// `9.999999999999999e+22`. Only doubles from 2^53 on have such borders within 17 digits, and from 1e15 on PostgreSQL
/// prints an exponent, so a literal with one is taken if it is the double rounded to as many digits.
pub(super) fn is_carried(literal: &str, float: f64) -> bool {
    let Some((digits, exponent)) = significant(literal) else {
        return false;
    };
    // Two decimals of up to 15 digits never stand for the same normal double.
    if digits.len() <= 15 && float.is_normal() {
        return true;
    }
    let same = |printed: &Shortest| {
        printed.digits.trim_end_matches('0') == digits
            && (digits.is_empty() || i64::from(printed.exponent) == exponent)
    };
    if Shortest::of(float).is_some_and(|shortest| same(&shortest)) {
        return true;
    }
    literal.contains(['e', 'E'])
        && exponent >= 15
        && [15, 16].iter().any(|places| {
            Shortest::read(&format!("{:.places$e}", float.abs())).is_some_and(|all| same(&all))
        })
}

/// The digits of a JSON number without leading and trailing zeros (none for zero), and the power of ten of the first;
/// `None` if no double is that large or small.
fn significant(literal: &str) -> Option<(String, i64)> {
    let magnitude = literal.strip_prefix('-').unwrap_or(literal);
    let (mantissa, power) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, power.parse().ok()?),
        None => (magnitude, 0i32),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{integer}{fraction}");
    let digits = all.trim_start_matches('0');
    let leading_zeros = all.len() - digits.len();
    let first = i64::try_from(integer.len()).ok()? - 1 - i64::try_from(leading_zeros).ok()?;
    Some((
        digits.trim_end_matches('0').to_owned(),
        i64::from(power) + first,
    ))
}

/// The parts of a plain decimal literal: `-?(0|[1-9][0-9]*)(\.[0-9]+)?`.
pub(super) struct PlainDecimal<'t> {
    pub(super) negative: bool,
    pub(super) integer: &'t str,
    /// Without the point; empty if there is none.
    pub(super) fraction: &'t str,
}

impl<'t> PlainDecimal<'t> {
    /// Reads a literal; `None` if it is not one.
    pub(super) fn read(literal: &'t str) -> Option<Self> {
        let magnitude = literal.strip_prefix('-');
        let negative = magnitude.is_some();
        let magnitude = magnitude.unwrap_or(literal);
        let (integer, fraction) = match magnitude.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (magnitude, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let led_by_zero = integer.len() > 1 && integer.starts_with('0');
        let well_formed =
            !integer.is_empty() && !led_by_zero && digits(integer) && digits(fraction);
        well_formed.then_some(Self {
            negative,
            integer,
            fraction,
        })
    }

    /// Whether it denotes an integer (`12.00` does).
    pub(super) fn is_integral(&self) -> bool {
        self.fraction.bytes().all(|byte| byte == b'0')
    }

    /// Whether `shortest` denotes the same magnitude.
    pub(super) fn is_exactly(&self, shortest: &Shortest) -> bool {
        let all = || self.integer.bytes().chain(self.fraction.bytes());
        let leading_zeros = all().take_while(|byte| *byte == b'0').count();
        let trailing_zeros = all().rev().take_while(|byte| *byte == b'0').count();
        let length = self.integer.len() + self.fraction.len();
        if leading_zeros == length {
            return shortest.digits == "0";
        }
        let significant = all()
            .skip(leading_zeros)
            .take(length - leading_zeros - trailing_zeros);
        // Of the first significant digit.
        #[allow(
            clippy::cast_possible_wrap,
            reason = "isize holds the length of any text"
        )]
        let exponent = self.integer.len() as isize - 1 - leading_zeros as isize;
        exponent == shortest.exponent as isize && significant.eq(shortest.digits.bytes())
    }
}

/// Appends `count` zeros.
pub(super) fn push_zeros(count: usize, out: &mut String) {
    out.extend(std::iter::repeat_n('0', count));
}

/// Appends the last `width` hexadecimal digits of `number` in lower case.
pub(super) fn push_hex(number: u32, width: u32, out: &mut String) {
    for place in (0..width).rev() {
        let digit = number.checked_shr(place * 4).unwrap_or_default() & 0xf;
        out.push(char::from_digit(digit, 16).unwrap_or('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals() {
        for good in [
            "0",
            "-0",
            "1",
            "-12",
            "0.0",
            "12.50",
            "0.001",
            "123456789012345678901234567890.5",
        ] {
            assert!(PlainDecimal::read(good).is_some(), "{good}");
        }
        for bad in [
            "", "-", "+1", "1.", ".5", "01", "-00", "1e5", "1E5", "NaN", "Infinity", "1 ", "1.2.3",
            "١", "--1",
        ] {
            assert!(PlainDecimal::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn ties_go_to_the_even_digit() {
        // The first is RFC 8785, appendix B; the second is 2^-44.
        for (float, digits) in [
            (1424953923781206.0 + 0.25, "14249539237812062"),
            (f64::from_bits(0x3d30_0000_0000_0000), "5684341886080802"),
            (1424953923781206.0 + 0.75, "14249539237812068"),
        ] {
            assert_eq!(Shortest::of(float).unwrap().digits, digits);
        }
    }

    #[test]
    fn same_magnitude_however_it_is_written() {
        let same = |literal: &str, float: f64| {
            PlainDecimal::read(literal)
                .unwrap()
                .is_exactly(&Shortest::of(float).unwrap())
        };
        assert!(same("0", 0.0) && same("-0.000", 0.0) && same("12.50", 12.5) && same("100", 100.0));
        assert!(same("0.0010", 0.001) && same("120.0", 120.0) && same("0.1", 0.1));
        assert!(
            !same("0.1", 0.2)
                && !same("1", 10.0)
                && !same("0.01", 0.1)
                && !same("0", 1.0)
                && !same("1", 0.0)
        );
        assert!(!same("0.10000000000000000555", 0.1));
    }

    #[test]
    fn numbers_that_a_double_carries() {
        let carried = |literal: &str| is_carried(literal, literal.parse().unwrap());
        for literal in [
            "0.0",
            "-0.00",
            "0e5",
            "0.1",
            "0.10000",
            "12.50",
            "-1E2",
            "1000e-3",
            "0.1e-6",
            "0.30000000000000004",
            "100000000000000000000.0",
            "5e-324",
            "1.7976931348623157e308",
            "2.2250738585072014e-308",
            "123456789012345.67",
            "1e0000000005",
        ] {
            assert!(carried(literal), "{literal}");
        }
        for literal in [
            "0.10000000000000000001",
            "0.10000000000000001",
            "1.0000000000000000001e0",
            "9007199254740991.5",
            "4e-324",
            "1e-400",
            "1e-99999999999",
            "0.99999999999999999999",
            "123456789012345678901234567890.5",
            "9007199254740993.0",
            "5.00000000000000001e-324",
        ] {
            assert!(!carried(literal), "{literal}");
        }
        // As PostgreSQL 15 prints 1e23, 2e23 and 2^54 + 2; the same digits without an exponent are somebody else's.
        for literal in [
            "9.999999999999999e+22",
            "1.9999999999999998e+23",
            "1.8014398509481984e+16",
        ] {
            assert!(carried(literal), "{literal}");
        }
        assert!(!carried("99999999999999990000000.0"));
        assert!(!carried("9.9999999999999991e+22"));
    }
}
