# The server's own authority is the only one that counts, whatever the computer trusts otherwise.
Add-Type -TypeDefinition @'
using System;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
public static class MerlonAuthority {
    public static X509Certificate2 Authority;
    public static bool Check(object sender, X509Certificate certificate, X509Chain chain, SslPolicyErrors errors) {
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) return false;
        using (var own = new X509Chain()) {
            own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            own.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
            own.ChainPolicy.ExtraStore.Add(Authority);
            if (!own.Build(new X509Certificate2(certificate))) return false;
            return own.ChainElements[own.ChainElements.Count - 1].Certificate.Thumbprint == Authority.Thumbprint;
        }
    }
}
'@
$pem = @'
@@caPem@@'@
$der = [Convert]::FromBase64String((($pem -split "`n" | Where-Object { $_ -notmatch '-----' }) -join '').Trim())
[MerlonAuthority]::Authority = New-Object Security.Cryptography.X509Certificates.X509Certificate2 (, $der)
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
[Net.ServicePointManager]::ServerCertificateValidationCallback = [MerlonAuthority]::Check

function Invoke-Merlon {
    param([string]$Path, [string]$OutFile = '', [hashtable]$Form = $null)
    $call = @{ Uri = "$server$Path"; Headers = @{ Authorization = "Package $token" }; UseBasicParsing = $true; TimeoutSec = 600 }
    if ($proxy -ne '') { $call.Proxy = $proxy }
    if ($OutFile -ne '') { $call.OutFile = $OutFile }
    if ($null -ne $Form) { $call.Method = 'Post'; $call.Body = $Form; $call.TimeoutSec = 20 }
    Invoke-WebRequest @call | Out-Null
}

# To the console, and to the Application log as source MerlonOnboarding.
function Write-Outcome {
    param([int]$Code, [string]$Message)
    Write-Output $Message
    try {
        if (-not [Diagnostics.EventLog]::SourceExists('MerlonOnboarding')) {
            [Diagnostics.EventLog]::CreateEventSource('MerlonOnboarding', 'Application')
        }
        $kind = if ($Code -eq 0) { 'Information' } else { 'Error' }
        [Diagnostics.EventLog]::WriteEntry('MerlonOnboarding', $Message, $kind, $Code)
    }
    catch { Write-Warning "The Application log could not be written: $($_.Exception.Message)" }
}

# Tells the server where this stopped; that it cannot be told changes nothing.
function Stop-Onboarding {
    param([string]$Stage, [int]$Code, [string]$Message)
    Write-Outcome $Code $Message
    try {
        $detail = if ($Message.Length -gt 400) { $Message.Substring(0, 400) } else { $Message }
        Invoke-Merlon -Path '/device/v1/onboarding/reports' -Form @{
            stage = $Stage; code = $Code; detail = $detail; computerName = $env:COMPUTERNAME; os = 'Windows'
        }
    }
    catch { Write-Warning "The server could not be told: $($_.Exception.Message)" }
    exit $Code
}
