/** Student's t distribution for any positive number of degrees of freedom, whole or not. */

/** Natural logarithm of the gamma function for x > 0 (Lanczos 1964, g = 7, nine terms; relative error below 1e-14). */
export function logGamma(x: number): number {
  const terms = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let sum = terms[0];
  for (let i = 1; i < 9; i++) sum += terms[i] / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Logarithm of Gamma(a + 1/2) / Gamma(a); by its asymptotic series for large a, where the difference of logs loses digits. */
function logGammaRatio(a: number): number {
  if (a < 1e4) return logGamma(a + 0.5) - logGamma(a);
  return 0.5 * Math.log(a) - 1 / (8 * a) + 1 / (192 * a ** 3);
}

/** Continued fraction of the incomplete beta function (Lentz's method; Press et al. 2007, section 6.4). */
function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let value = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const step of [even, odd]) {
      d = 1 + step * d;
      d = 1 / (Math.abs(d) < tiny ? tiny : d);
      c = 1 + step / c;
      if (Math.abs(c) < tiny) c = tiny;
      value *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return value;
}

/** P(|T| > t) for t >= 0. */
function twoTails(t: number, df: number): number {
  const x = df / (df + t * t);
  if (x >= 1) return 1;
  const front = Math.exp(
    logGammaRatio(df / 2) -
      0.5 * Math.log(Math.PI) -
      (df / 2) * Math.log1p((t * t) / df) +
      0.5 * Math.log((t * t) / (df + t * t)),
  );
  if (x < (df / 2 + 1) / (df / 2 + 2.5)) return (front * betaFraction(df / 2, 0.5, x)) / (df / 2);
  return 1 - (front * betaFraction(0.5, df / 2, 1 - x)) / 0.5;
}

/** P(|T| >= |t|): the two-sided p value, without the rounding of 1 - P in the far tail. */
export function studentTwoSided(t: number, df: number): number {
  return twoTails(Math.abs(t), df);
}

/**
 * Quantile of Student's t: the t with P(T <= t) = `p`, by bisection to the last digits of float64.
 * @param p in (0, 1)
 * @param df degrees of freedom, above 0
 */
export function studentQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1) || !(df > 0))
    throw new RangeError(`no quantile ${p} of t with ${df} degrees of freedom`);
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, df);
  const tails = 2 * (1 - p);
  let low = 0;
  let high = 1;
  while (twoTails(high, df) > tails) {
    low = high;
    high *= 2;
  }
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (twoTails(middle, df) > tails) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
