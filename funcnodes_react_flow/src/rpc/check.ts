/** The guard between what a socket brings and the types we trust: shapes come from the same records as the types. */
import { type Shape, shapes, type Wire } from "../wire/generated";
import { isObject } from "./json";

/** True when the value has the shape of that record; further keys are allowed, so a newer worker may say more. */
export function is<Name extends keyof Wire>(name: Name, value: unknown): value is Wire[Name] {
  return fits(shapes[name], value);
}

/** True for a list of that record. */
export function isListOf<Name extends keyof Wire>(
  name: Name,
  value: unknown,
): value is readonly Wire[Name][] {
  return Array.isArray(value) && value.every((item) => is(name, item));
}

/** Returns the value as that record, or raises with the record's name. */
export function expectWire<Name extends keyof Wire>(name: Name, value: unknown): Wire[Name] {
  if (is(name, value)) return value;
  throw new TypeError(`The worker sent something that is no ${name}.`);
}

function fits(shape: Shape, value: unknown): boolean {
  if ("ref" in shape) return fits(shapes[shape.ref], value);
  if ("any" in shape) return true;
  if ("of" in shape) return shape.of.some((option) => fits(option, value));
  if ("one" in shape) return shape.one.some((option) => option === value);
  if ("is" in shape) return shape.is === "null" ? value === null : typeof value === shape.is;
  if ("tuple" in shape) {
    return (
      Array.isArray(value) &&
      value.length === shape.tuple.length &&
      shape.tuple.every((item, index) => fits(item, value[index]))
    );
  }
  if ("list" in shape) return Array.isArray(value) && value.every((item) => fits(shape.list, item));
  if (!isObject(value)) return false;
  if ("map" in shape) return Object.values(value).every((item) => fits(shape.map, item));
  return (
    shape.required.every((key) => key in value) &&
    Object.entries(shape.fields).every(
      ([key, field]) => !(key in value) || value[key] === undefined || fits(field, value[key]),
    )
  );
}
