import { type Fragment, float, join, sql, texts } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { constantString, nullExpr } from '../constants.ts';
import type { Call, FunctionFamily, FunctionRule } from './rule.ts';

/** A unit in terms of the base unit of its kind: base = value × factor + offset. */
interface Unit {
  readonly factor: number;
  readonly offset: number;
}

const prefixes = {
  Nano: 1e-9,
  Micro: 1e-6,
  Milli: 1e-3,
  Centi: 1e-2,
  Deci: 1e-1,
  Deca: 1e1,
  Hecto: 1e2,
  Kilo: 1e3,
  Mega: 1e6,
  Giga: 1e9,
  Tera: 1e12,
} as const;

/** Multiples of a unit by their names: `Kilo` of `meter` is Kilometer. */
function multiples(
  name: string,
  factor: number,
  ...which: (keyof typeof prefixes)[]
): Record<string, number> {
  return Object.fromEntries(which.map((prefix) => [`${prefix}${name}`, factor * prefixes[prefix]]));
}

const units = (factors: Readonly<Record<string, number>>): Readonly<Record<string, Unit>> =>
  Object.fromEntries(Object.entries(factors).map(([name, factor]) => [name, { factor, offset: 0 }]));

const radian = 180 / Math.PI;
const btu = 1055.05585262;
const electronVolt = 1.602176634e-19;
const lightYear = 9.46073047258e15;
const parsec = 3.08567758128e16;
const usGallon = 0.003785411784;
const imperialGallon = 0.00454609;
const cubicFoot = 0.028316846592;
const poundForce = 4.4482216152605;
const pound = 0.45359237;
const usSurveyFoot = 1200 / 3937;

/** In degrees. A tilt is a sine and is treated apart. */
const angles = units({
  Degree: 1,
  Arcminute: 1 / 60,
  Arcsecond: 1 / 3600,
  Radian: radian,
  Gradian: 0.9,
  NatoMil: 360 / 6400,
  Revolution: 360,
  ...multiples('degree', 1, 'Nano', 'Micro', 'Milli'),
  ...multiples('radian', radian, 'Nano', 'Micro', 'Milli', 'Centi', 'Deci'),
});

/** In joules. */
const energies = units({
  Joule: 1,
  BritishThermalUnit: btu,
  Calorie: 4.184,
  DecathermEc: btu * 1e6,
  DecathermImperial: 1.05505585257348e9,
  DecathermUs: 1.054804e9,
  ThermEc: btu * 1e5,
  ThermImperial: 1.05505585257348e8,
  ThermUs: 1.054804e8,
  ElectronVolt: electronVolt,
  Erg: 1e-7,
  FootPound: 1.355817948331,
  HorsepowerHour: 2_684_519.5376962,
  WattHour: 3600,
  WattDay: 86_400,
  ...multiples('britishThermalUnit', btu, 'Kilo', 'Mega', 'Giga'),
  ...multiples('electronVolt', electronVolt, 'Kilo', 'Mega', 'Giga', 'Tera'),
  ...multiples('joule', 1, 'Milli', 'Kilo', 'Mega', 'Giga'),
  ...multiples('calorie', 4.184, 'Kilo', 'Mega'),
  ...multiples('wattHour', 3600, 'Kilo', 'Mega', 'Giga', 'Tera'),
  ...multiples('wattDay', 86_400, 'Kilo', 'Mega', 'Giga', 'Tera'),
});

/** In newtons. */
const forces = units({
  Newton: 1,
  Dyn: 1e-5,
  KilogramForce: 9.80665,
  KiloPond: 9.80665,
  KilopoundForce: poundForce * 1000,
  OunceForce: poundForce / 16,
  Poundal: 0.138254954376,
  PoundForce: poundForce,
  ShortTonForce: poundForce * 2000,
  TonneForce: 9806.65,
  ...multiples('newton', 1, 'Micro', 'Milli', 'Deca', 'Kilo', 'Mega'),
});

/** In metres. */
const lengths = units({
  Meter: 1,
  Angstrom: 1e-10,
  AstronomicalUnit: 1.495978707e11,
  Chain: 20.1168,
  DataMile: 1828.8,
  DtpPica: 0.0254 / 6,
  DtpPoint: 0.0254 / 72,
  Fathom: 1.8288,
  Foot: 0.3048,
  Hand: 0.1016,
  Inch: 0.0254,
  LightYear: lightYear,
  KilolightYear: lightYear * 1e3,
  MegalightYear: lightYear * 1e6,
  Parsec: parsec,
  Kiloparsec: parsec * 1e3,
  Megaparsec: parsec * 1e6,
  Microinch: 2.54e-8,
  Mil: 2.54e-5,
  Mile: 1609.344,
  NauticalMile: 1852,
  PrinterPica: 0.0254 / 6.0225,
  PrinterPoint: 0.0254 / 72.27,
  Shackle: 27.432,
  SolarRadius: 6.957e8,
  Twip: 0.0254 / 1440,
  UsSurveyFoot: usSurveyFoot,
  Yard: 0.9144,
  ...multiples('meter', 1, 'Nano', 'Micro', 'Milli', 'Centi', 'Deci', 'Deca', 'Hecto', 'Kilo'),
});

/** In kilograms. */
const masses = units({
  Gram: 1e-3,
  EarthMass: 5.9722e24,
  Grain: 6.479891e-5,
  Kilopound: pound * 1e3,
  Kilotonne: 1e6,
  LongHundredweight: pound * 112,
  LongTon: pound * 2240,
  Megapound: pound * 1e6,
  Megatonne: 1e9,
  Ounce: pound / 16,
  Pound: pound,
  ShortHundredweight: pound * 100,
  ShortTon: pound * 2000,
  Slug: 14.593902937206364,
  SolarMass: 1.98947e30,
  Stone: pound * 14,
  Tonne: 1000,
  ...multiples('gram', 1e-3, 'Nano', 'Micro', 'Milli', 'Centi', 'Deci', 'Deca', 'Hecto', 'Kilo'),
});

const paces: Readonly<Record<string, number>> = { Second: 1, Minute: 1 / 60, Hour: 1 / 3600 };

function perTime(name: string, factor: number, ...times: string[]): Record<string, number> {
  return Object.fromEntries(times.map((time) => [`${name}Per${time}`, factor * (paces[time] ?? 1)]));
}

/** In metres a second. */
const speeds = units({
  Knot: 1852 / 3600,
  MilePerHour: 0.44704,
  ...perTime('Centimeter', 1e-2, 'Second', 'Minute', 'Hour'),
  ...perTime('Decimeter', 1e-1, 'Second', 'Minute'),
  ...perTime('Foot', 0.3048, 'Second', 'Minute', 'Hour'),
  ...perTime('Inch', 0.0254, 'Second', 'Minute', 'Hour'),
  ...perTime('Kilometer', 1e3, 'Second', 'Minute', 'Hour'),
  ...perTime('Meter', 1, 'Second', 'Minute', 'Hour'),
  ...perTime('Micrometer', 1e-6, 'Second', 'Minute'),
  ...perTime('Millimeter', 1e-3, 'Second', 'Minute', 'Hour'),
  ...perTime('Nanometer', 1e-9, 'Second', 'Minute'),
  ...perTime('UsSurveyFoot', usSurveyFoot, 'Second', 'Minute', 'Hour'),
  ...perTime('Yard', 0.9144, 'Second', 'Minute', 'Hour'),
});

/** In kelvins. */
const temperatures: Readonly<Record<string, Unit>> = {
  Kelvin: { factor: 1, offset: 0 },
  DegreeCelsius: { factor: 1, offset: 273.15 },
  MillidegreeCelsius: { factor: 1e-3, offset: 273.15 },
  DegreeDelisle: { factor: -2 / 3, offset: 373.15 },
  DegreeFahrenheit: { factor: 5 / 9, offset: (459.67 * 5) / 9 },
  DegreeNewton: { factor: 100 / 33, offset: 273.15 },
  DegreeRankine: { factor: 5 / 9, offset: 0 },
  DegreeReaumur: { factor: 5 / 4, offset: 273.15 },
  DegreeRoemer: { factor: 40 / 21, offset: 273.15 - (7.5 * 40) / 21 },
  SolarTemperature: { factor: 5778, offset: 0 },
};

/** In cubic metres. */
const volumes = units({
  CubicMeter: 1,
  AcreFoot: 1 / 0.000810714,
  AuTablespoon: 2e-5,
  BoardFoot: cubicFoot / 12,
  CubicCentimeter: 1e-6,
  CubicDecimeter: 1e-3,
  CubicFoot: cubicFoot,
  CubicHectometer: 1e6,
  CubicInch: 1.6387064e-5,
  CubicKilometer: 1e9,
  CubicMicrometer: 1e-18,
  CubicMile: cubicFoot * 5280 ** 3,
  CubicMillimeter: 1e-9,
  CubicYard: 0.764554857984,
  DecausGallon: usGallon * 10,
  DeciusGallon: usGallon / 10,
  HectousGallon: usGallon * 100,
  KilousGallon: usGallon * 1e3,
  MegausGallon: usGallon * 1e6,
  UsGallon: usGallon,
  HectocubicFoot: cubicFoot * 100,
  KilocubicFoot: cubicFoot * 1e3,
  MegacubicFoot: cubicFoot * 1e6,
  HectocubicMeter: 100,
  KilocubicMeter: 1e3,
  ImperialBeerBarrel: imperialGallon * 36,
  ImperialGallon: imperialGallon,
  KiloimperialGallon: imperialGallon * 1e3,
  MegaimperialGallon: imperialGallon * 1e6,
  ImperialOunce: imperialGallon / 160,
  ImperialPint: imperialGallon / 8,
  Liter: 1e-3,
  MetricCup: 2.5e-4,
  MetricTeaspoon: 5e-6,
  OilBarrel: usGallon * 42,
  UkTablespoon: 1.5e-5,
  UsBeerBarrel: usGallon * 31,
  UsCustomaryCup: usGallon / 16,
  UsLegalCup: 2.4e-4,
  UsOunce: usGallon / 128,
  UsPint: usGallon / 8,
  UsQuart: usGallon / 4,
  UsTablespoon: usGallon / 256,
  UsTeaspoon: usGallon / 768,
  ...multiples('liter', 1e-3, 'Micro', 'Milli', 'Centi', 'Deci', 'Deca', 'Hecto', 'Kilo', 'Mega'),
});

/** Factor and offset of a unit that may only be known when the query runs; NaN for what is no unit. */
function unitSql(
  call: Call,
  index: number,
  known: Readonly<Record<string, Unit>>,
): Record<keyof Unit, Fragment> {
  const name = constantString(call.value(index));
  const unit = name === undefined || !Object.hasOwn(known, name) ? undefined : known[name];
  if (unit !== undefined) return { factor: float(unit.factor), offset: float(unit.offset) };
  const names = texts(Object.keys(known));
  const pick = (part: keyof Unit) =>
    sql`transform(${call.text(index)}, ${names}, [${join(Object.values(known).map((each) => float(each[part])))}], nan)`;
  return { factor: pick('factor'), offset: pick('offset') };
}

/** `convert_…(value, from, to)`: null when a unit is none of its kind. */
const conversion =
  (known: Readonly<Record<string, Unit>>): FunctionRule =>
  (call) => {
    const x = call.real(0);
    const [from, to] = [unitSql(call, 1, known), unitSql(call, 2, known)];
    const value = call.shared(
      expr(
        'real',
        sql`((${x.sql} * ${from.factor} + ${from.offset} - ${to.offset}) / ${to.factor})`,
        x.nullable,
      ),
    ).sql;
    return expr('real', sql`if(isNaN(${value}), NULL, ${value})`, true);
  };

/** The same for angles, one of which, the tilt, is a sine. */
const angleConversion: FunctionRule = (call) => {
  const isTilt = (index: number) => constantString(call.value(index)) === 'Tilt';
  const known = angles;
  if (!isTilt(1) && !isTilt(2)) return conversion(known)(call);
  const x = call.real(0).sql;
  const degrees = isTilt(1) ? sql`degrees(asin(${x}))` : sql`(${x} * ${unitSql(call, 1, known).factor})`;
  const value: Expr = call.shared(
    expr(
      'real',
      isTilt(2) ? sql`sin(radians(${degrees}))` : sql`(${degrees} / ${unitSql(call, 2, known).factor})`,
      true,
    ),
  );
  return call.value(0).constant?.value === null
    ? nullExpr('real')
    : expr('real', sql`if(isNaN(${value.sql}), NULL, ${value.sql})`, true);
};

export const unitConversionFunctions: FunctionFamily = {
  convert_angle: angleConversion,
  convert_energy: conversion(energies),
  convert_force: conversion(forces),
  convert_length: conversion(lengths),
  convert_mass: conversion(masses),
  convert_speed: conversion(speeds),
  convert_temperature: conversion(temperatures),
  convert_volume: conversion(volumes),
};
