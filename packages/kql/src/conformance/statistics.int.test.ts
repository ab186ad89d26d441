import { afterAll, beforeAll, describe } from 'vitest';
import { checkValues } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());
const open = () => engine;

describe('special functions', () => {
  checkValues(open, [
    ['round(erf(0.5), 12)', 0.520499877813],
    ['erf(0) + erfc(0)', 1],
    ['round(erfc(3) * 1e5, 7)', 2.2090497],
    ['gamma(5)', 24],
    ['round(gamma(0.5) * gamma(0.5) - pi(), 12)', 0],
    ['round(loggamma(10), 10)', 12.8018274801],
    ['gamma(real(null))', null],
  ]);
});

describe('the beta distribution', () => {
  checkValues(open, [
    ['round(beta_cdf(0.5, 2.0, 3.0), 12)', 0.6875],
    ['round(beta_cdf(0.9, 10.0, 20.0), 15)', 0.999999999999959],
    ['round(beta_cdf(0.001, 1.0, 3.0), 12)', 0.002997001],
    ['round(beta_cdf(0.3, 0.5, 0.5), 9)', 0.36901012],
    ['beta_cdf(0.0, 2.0, 3.0) + beta_cdf(1.0, 2.0, 3.0)', 1],
    ['isnan(beta_cdf(1.5, 2.0, 3.0)) and isnan(beta_cdf(-0.1, 2.0, 3.0))', true],
    ['isnan(beta_cdf(0.5, 0.0, 3.0)) and isnan(beta_cdf(0.5, 1.0, 10001.0))', true],
    ['round(beta_cdf(0.5, 9000.0, 9000.0), 9)', 0.5],
    ['round(beta_inv(0.6875, 2.0, 3.0), 12)', 0.5],
    ['round(beta_inv(0.1, 10.0, 20.0), 14)', 0.22641502238875],
    ['beta_inv(1.5, 2.0, 3.0)', null],
    ['isnan(beta_inv(0.5, -1.0, 3.0))', true],
    ['round(beta_pdf(0.5, 2.0, 3.0), 12)', 1.5],
    ['round(beta_pdf(0.5, 10.0, 20.0), 14)', 0.74617601931095],
    ['isnan(beta_pdf(0.0, 2.0, 3.0)) and isnan(beta_pdf(1.0, 2.0, 3.0))', true],
    ['beta_pdf(real(null), 2.0, 3.0)', null],
    ['beta_cdf(0.5, real(null), 3.0)', null],
  ]);
});

describe("Welch's test", () => {
  checkValues(open, [
    ['welch_test(3.0, 1.0, 10, 3.0, 2.0, 12)', 1],
    ['round(welch_test(1.0, 1.0, 5, 2.0, 1.0, 5), 9)', 0.152502285],
    ['welch_test(real(null), 1.0, 5, 2.0, 1.0, 5)', null],
    ['welch_test(1.0, 1.0, 50, 9.0, 1.0, 50) < 1e-9', true],
  ]);
});
