/**
 * The functions that only our service has, over our own hunting tables, in KQL: a query that calls one gets its definition written before it, so
 * that it is bound, scoped and lowered like anything else of the query.
 */

/** Files that `FileProfile` looks up when the query does not say how many, and at most. */
export const fileProfileLimits = { usual: 100, most: 1_000 } as const;

/** Hash columns of the tables that say which files were seen where. */
type HashColumn = 'MD5' | 'SHA1' | 'SHA256';

/** The hashes that a column may hold, by its name. */
function hashesOf(column: string): readonly HashColumn[] {
  const kind = /sha256|sha1|md5/i.exec(column)?.[0]?.toUpperCase();
  return kind === 'SHA256' || kind === 'SHA1' || kind === 'MD5' ? [kind] : ['SHA1', 'SHA256'];
}

const bracketed = (name: string) => `[${JSON.stringify(name)}]`;

/**
 * `FileProfile(column, limit)`: what is known about the file of each row's hash: on how many devices and when it was seen, how it is signed, what was
 * detected in it. "Global" is the caller's own tenant: nobody else's devices are looked at.
 */
export function fileProfile(name: string, column: string): string {
  const hashes = hashesOf(column);
  const seen = (source: string, prefix: string, publisher: string, product: string, executable: boolean) =>
    hashes.map(
      (hash) => `(${source}
        | where ${prefix}${hash} in (Wanted)
        | project Timestamp, DeviceId, ProfileKey = ${prefix}${hash}, SHA1 = ${prefix}SHA1, SHA256 = ${prefix}SHA256, MD5 = ${prefix}MD5,
            FileSize = ${prefix}FileSize, Publisher = ${publisher}, SoftwareName = ${product}, Executed = ${executable ? 1 : 0})`,
    );
  const sightings = [
    ...seen(
      'DeviceProcessEvents',
      '',
      'ProcessVersionInfoCompanyName',
      'ProcessVersionInfoProductName',
      true,
    ),
    ...seen(
      'DeviceProcessEvents',
      'InitiatingProcess',
      'InitiatingProcessVersionInfoCompanyName',
      'InitiatingProcessVersionInfoProductName',
      true,
    ),
    ...seen('DeviceImageLoadEvents', '', '""', '""', true),
    ...seen('DeviceFileEvents', '', '""', '""', false),
  ];
  return `let ${name} = (T:(${bracketed(column)}:string), MaxFiles:long = ${fileProfileLimits.usual}) {
    let Wanted = materialize(T | project ProfileKey = tolower(tostring(${bracketed(column)})) | where isnotempty(ProfileKey)
      | distinct ProfileKey | take MaxFiles);
    let Signed = DeviceFileCertificateInfo
      | summarize arg_max(Timestamp, IsSigned, Signer, SignerHash, Issuer, IsTrusted, IsRootSignerMicrosoft) by SHA1
      | project SHA1, IsSigned, Signer, SignerHash, Issuer, IsCertificateValid = IsTrusted, IsRootSignerMicrosoft;
    let Threats = DeviceEvents
      | where ActionType == "AntivirusDetection" and isnotempty(SHA1)
      | extend ThreatName = tostring(parse_json(tostring(AdditionalFields)).ThreatName)
      | where isnotempty(ThreatName)
      | summarize arg_max(Timestamp, ThreatName) by SHA1
      | project SHA1, ThreatName;
    let Profiles = union ${sightings.join(',\n      ')}
      | summarize SHA1 = max(SHA1), SHA256 = max(SHA256), MD5 = max(MD5), FileSize = toint(max(FileSize)),
          GlobalPrevalence = toint(count_distinct(DeviceId)), GlobalFirstSeen = min(Timestamp), GlobalLastSeen = max(Timestamp),
          IsExecutable = max(Executed) == 1, Publisher = max(Publisher), SoftwareName = max(SoftwareName) by ProfileKey
      | lookup kind=leftouter Signed on SHA1
      | lookup kind=leftouter Threats on SHA1
      | project ProfileKey, SHA1, SHA256, MD5, FileSize, GlobalPrevalence, GlobalFirstSeen, GlobalLastSeen, Signer, Issuer, SignerHash,
          IsCertificateValid, IsRootSignerMicrosoft,
          SignatureState = case(isnull(IsSigned), "Unknown", not(IsSigned), "Unsigned", IsCertificateValid, "SignedValid", "SignedInvalid"),
          IsExecutable, ThreatName, Publisher, SoftwareName;
    T
    | extend ProfileKey = tolower(tostring(${bracketed(column)}))
    | lookup kind=leftouter Profiles on ProfileKey
    | extend ProfileAvailability = case(isnotnull(GlobalPrevalence), "Available", ProfileKey in (Wanted), "Missing", "")
    | project-away ProfileKey
  };`;
}

/** Every address that a device has reported as its own, with when and on which adapter. */
const reportedAddresses = `DeviceNetworkInfo
      | mv-expand Reported = parse_json(IPAddresses)
      | extend IPAddress = tostring(Reported.IPAddress)
      | where isnotempty(IPAddress)`;

/** `DeviceFromIP([IP][, time])`: the device that had each of the rows' addresses last, at the time or before it. */
export function deviceFromIp(name: string, column: string): string {
  return `let ${name} = (T:(${bracketed(column)}:string), At:datetime = datetime(null)) {
    let Wanted = T | project IPAddress = tostring(${bracketed(column)}) | distinct IPAddress;
    ${reportedAddresses}
      | where (isnull(At) or Timestamp <= At) and ipv4_is_private(IPAddress) and IPAddress in (Wanted)
      | summarize arg_max(Timestamp, DeviceId) by IPAddress
      | project IP = IPAddress, DeviceId
  };`;
}

/** `AssignedIPAddresses(device[, time])`: the addresses that the device reported last, at the time or before it. */
export function assignedIpAddresses(name: string): string {
  return `let ${name} = (Device:string, At:datetime = datetime(null)) {
    ${reportedAddresses}
      | where (DeviceId == Device or DeviceName =~ Device) and (isnull(At) or Timestamp <= At)
      | summarize arg_max(Timestamp, NetworkAdapterType, ConnectedNetworks) by IPAddress
      | project Timestamp, IPAddress, IPType = iff(ipv4_is_private(IPAddress) or IPAddress startswith "fe80:" or IPAddress startswith "fd", "Private", "Public"),
          NetworkAdapterType, ConnectedNetworks
  };`;
}

/** `SeenBy()`: for each device of the rows, the devices that tried to reach one of its addresses, with when they last did. */
export function seenBy(name: string): string {
  return `let ${name} = (T:(DeviceId:string)) {
    let Wanted = T | distinct DeviceId;
    let Encounters = ${reportedAddresses}
      | where DeviceId in (Wanted)
      | distinct DeviceId, IPAddress
      | join kind=inner (DeviceNetworkEvents | project Timestamp, Observer = DeviceId, RemoteIP) on $left.IPAddress == $right.RemoteIP
      | where Observer != DeviceId
      | summarize LastEncountered = max(Timestamp) by DeviceId, Observer
      | summarize SeenBy = tostring(make_list(bag_pack("DeviceId", Observer, "LastEncountered", LastEncountered))) by DeviceId;
    T | lookup kind=leftouter Encounters on DeviceId
  };`;
}
