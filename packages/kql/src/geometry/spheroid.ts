/** Distances on the spheroid of WGS 84, whose lines are its own geodesics. */
import geographic from 'geographiclib-geodesic';
import type { Line, Position } from './geojson.ts';
import { edgesOf } from './sphere.ts';

const { Geodesic, GeodesicLine } = geographic;
const earth = Geodesic.WGS84;
const DISTANCE_AND_DIRECTION = Geodesic.DISTANCE | Geodesic.AZIMUTH;
const PLACE_AND_DIRECTION = Geodesic.LATITUDE | Geodesic.LONGITUDE | Geodesic.AZIMUTH;
const RADIANS = Math.PI / 180;

/** More steps than any foot was seen to take: each squares what is left to go. */
const MAX_STEPS = 20;
/** Metres below which a step leads nowhere. */
const NEAR = 1e-6;

/** Metres, and the direction at the first place in degrees. */
function wayBetween(from: Position, to: Position): { readonly length: number; readonly azimuth: number } {
  const { s12 = 0, azi1 = 0 } = earth.Inverse(from[1], from[0], to[1], to[0], DISTANCE_AND_DIRECTION);
  return { length: s12, azimuth: azi1 };
}

/** From a place in a direction in degrees, as far as is asked. */
function geodesic([longitude, latitude]: Position, azimuth: number) {
  return new GeodesicLine.GeodesicLine(earth, latitude, longitude, azimuth);
}

/** Metres. */
export function spheroidDistance(from: Position, to: Position): number {
  return wayBetween(from, to).length;
}

/** The part of the whole way at which the line is nearest to a place. */
export function locatedOnSpheroid(line: Line, place: Position): number {
  let best = { distance: Number.POSITIVE_INFINITY, way: 0 };
  let way = 0;
  for (const [from, to] of edgesOf(line)) {
    const near = nearestOnGeodesic(place, from, to);
    if (near.distance < best.distance) best = { distance: near.distance, way: way + near.way };
    way += near.length;
  }
  return way === 0 ? 0 : Math.min(1, best.way / way);
}

/**
 * How far along a geodesic it is nearest to a place, and how near there, in metres. Where it is nearest the way to the place leaves at a right angle: from a place
 * on the geodesic the foot of that right angle is told by the triangle on a sphere, and again from there.
 */
function nearestOnGeodesic(
  place: Position,
  from: Position,
  to: Position,
): { readonly way: number; readonly distance: number; readonly length: number } {
  const { length, azimuth } = wayBetween(from, to);
  const line = geodesic(from, azimuth);
  let way = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    const { lat2 = 0, lon2 = 0, azi2 = 0 } = line.Position(way, PLACE_AND_DIRECTION);
    const toPlace = wayBetween([lon2, lat2], place);
    const size = toPlace.length / earth.a;
    const turn = (toPlace.azimuth - azi2) * RADIANS;
    const ahead = earth.a * Math.atan2(Math.sin(size) * Math.cos(turn), Math.cos(size));
    const next = Math.min(length, Math.max(0, way + ahead));
    if (Math.abs(next - way) < NEAR) break;
    way = next;
  }
  const candidates = [0, way, length].map((at) => {
    const { lat2 = 0, lon2 = 0 } = line.Position(at, PLACE_AND_DIRECTION);
    return { way: at, distance: spheroidDistance([lon2, lat2], place), length };
  });
  return candidates.reduce((best, one) => (one.distance < best.distance ? one : best));
}
