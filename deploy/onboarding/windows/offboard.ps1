#Requires -Version 5.1
<#
.SYNOPSIS
Offboards this computer from @@serverUrl@@, until @@expiresAt@@: afterwards the agent refuses the offboarding information in it.
.DESCRIPTION
Exit codes, which are also event ids of source MerlonOnboarding in the Application log: 0 offboarded, 5 the onboarding information could not be deleted,
10 the offboarding information could not be written, 40 it is still onboarded, 65 not elevated, 127 no agent here.
#>
[CmdletBinding()]
param([int]$WaitSeconds = 120)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$server = '@@serverUrl@@'
$proxy = '@@proxyUrl@@'
$token = '@@token@@'
$information = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('@@blob@@'))
$policyKey = 'HKLM:\SOFTWARE\Policies\Merlon\Agent'
$statusKey = 'HKLM:\SOFTWARE\Merlon\Agent\Status'

@@include:onboarding/windows/report.ps1@@
$identity = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
if (-not $identity.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    Stop-Onboarding 'privileges' 65 'Run this elevated.'
}
if (-not (Get-Service -Name 'MerlonAgent' -ErrorAction SilentlyContinue)) {
    Stop-Onboarding 'offboard' 127 'The agent is not installed.'
}
try {
    New-Item -Path $policyKey -Force | Out-Null
    Remove-ItemProperty -Path $policyKey -Name 'OnboardingInfo' -ErrorAction SilentlyContinue
}
catch { Stop-Onboarding 'offboard' 5 "The onboarding information could not be deleted: $($_.Exception.Message)" }
try { Set-ItemProperty -Path $policyKey -Name 'OffboardingInfo' -Value $information -Type String }
catch { Stop-Onboarding 'offboard' 10 "The offboarding information could not be written: $($_.Exception.Message)" }
$until = (Get-Date).AddSeconds($WaitSeconds)
do {
    $status = Get-ItemProperty -Path $statusKey -Name 'OnboardingState' -ErrorAction SilentlyContinue
    if (-not $status -or $status.OnboardingState -ne 1) { Stop-Onboarding 'done' 0 'This computer is offboarded.' }
    Start-Sleep -Seconds 2
} while ((Get-Date) -lt $until)
Stop-Onboarding 'offboard' 40 "This computer is still onboarded after $WaitSeconds seconds."
