const DEVICE_ID = /^[0-9a-f]{40}$/;

/** Whether the text is a device id: 40 lower-case hex digits. */
export function isDeviceId(text: string): boolean {
  return DEVICE_ID.test(text);
}
