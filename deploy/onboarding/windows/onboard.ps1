#Requires -Version 5.1
<#
.SYNOPSIS
Onboards this computer to @@serverUrl@@ with package @@packageId@@, until @@expiresAt@@.
.DESCRIPTION
Writes the onboarding information to the policy key of the agent, installs the agent where it is not installed, has it enrol, and waits until its service says
that it is onboarded. The information lets computers join and holds no secret of any one of them. Running it again is harmless.
Exit codes, which are also event ids of source MerlonOnboarding in the Application log: 0 onboarded, 10 the information could not be written, 15 the service
could not be started, 30 the service did not come up, 40 it is not onboarded, 65 not elevated, 69 the agent could not be fetched or is not the one that the package
names, 78 the server has no agent for this platform.
#>
[CmdletBinding()]
param(
    # Tag of this device, instead of the one in the package.
    [ValidateLength(0, 200)][string]$Tag = '',
    [int]$WaitSeconds = 120
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$server = '@@serverUrl@@'
$proxy = '@@proxyUrl@@'
$token = '@@token@@'
$agentChecksum = '@@agentWindows@@'
$information = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('@@blob@@'))
$policyKey = 'HKLM:\SOFTWARE\Policies\Merlon\Agent'
$statusKey = 'HKLM:\SOFTWARE\Merlon\Agent\Status'
$serviceName = 'MerlonAgent'
$folder = Join-Path $env:ProgramFiles 'Merlon'
$agent = Join-Path $folder 'merlon-agent.exe'

@@include:onboarding/windows/report.ps1@@
$identity = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
if (-not $identity.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    Stop-Onboarding 'privileges' 65 'Run this elevated.'
}

try {
    New-Item -Path $policyKey -Force | Out-Null
    Set-ItemProperty -Path $policyKey -Name 'OnboardingInfo' -Value $information -Type String
    Remove-ItemProperty -Path $policyKey -Name 'OffboardingInfo' -ErrorAction SilentlyContinue
    if ($Tag -ne '') {
        New-Item -Path "$policyKey\DeviceTagging" -Force | Out-Null
        Set-ItemProperty -Path "$policyKey\DeviceTagging" -Name 'Group' -Value $Tag -Type String
    }
}
catch {
    Stop-Onboarding 'install' 10 "The onboarding information could not be written: $($_.Exception.Message)"
}

if (-not (Get-Service -Name $serviceName -ErrorAction SilentlyContinue)) {
    if ($agentChecksum -eq '') {
        Stop-Onboarding 'platform' 78 'The agent is not installed, and the server has none for Windows.'
    }
    try {
        New-Item -ItemType Directory -Path $folder -Force | Out-Null
        $fetched = "$agent.new"
        Invoke-Merlon -Path "/device/v1/onboarding/agents/$agentChecksum" -OutFile $fetched
        $found = (Get-FileHash -Path $fetched -Algorithm SHA256).Hash.ToLowerInvariant()
        if ($found -ne $agentChecksum) {
            Remove-Item -Path $fetched
            Stop-Onboarding 'checksum' 69 "The agent that came is not the one that the package names: $found"
        }
        Move-Item -Path $fetched -Destination $agent -Force
        New-Service -Name $serviceName -BinaryPathName "`"$agent`" run" -DisplayName 'Merlon device agent' -StartupType Automatic | Out-Null
    }
    catch {
        Stop-Onboarding 'download' 69 "The agent could not be fetched: $($_.Exception.Message)"
    }
}

try { Start-Service -Name $serviceName }
catch { Stop-Onboarding 'service' 15 "The service could not be started: $($_.Exception.Message)" }

$until = (Get-Date).AddSeconds($WaitSeconds)
do {
    $status = Get-ItemProperty -Path $statusKey -Name 'OnboardingState' -ErrorAction SilentlyContinue
    if ($status -and $status.OnboardingState -eq 1) {
        Write-Outcome 0 'This computer is onboarded.'
        exit 0
    }
    Start-Sleep -Seconds 2
} while ((Get-Date) -lt $until)
if ((Get-Service -Name $serviceName).Status -ne 'Running') {
    Stop-Onboarding 'service' 30 'The service did not come up.'
}
Stop-Onboarding 'enrol' 40 "The service runs, but is not onboarded after $WaitSeconds seconds."
