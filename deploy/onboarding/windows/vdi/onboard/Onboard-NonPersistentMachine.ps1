#Requires -Version 5.1
# Put this and onboard.ps1 in C:\Windows\System32\GroupPolicy\Machine\Scripts\Startup of the golden image, as a start-up script. Do not run it in the image:
# every machine made of it then enrols for itself at its first start, and one of the same name takes the place of the one before.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$state = Join-Path $env:ProgramData 'Merlon\Agent'
$enrolledAs = Join-Path $state 'enrolled-as.txt'
# A copy of a machine that was onboarded must not speak with its key.
$uuid = (Get-CimInstance -ClassName Win32_ComputerSystemProduct).UUID
if ((Test-Path -Path $enrolledAs) -and (Get-Content -Path $enrolledAs -TotalCount 1) -ne $uuid) {
    Stop-Service -Name 'MerlonAgent' -Force -ErrorAction SilentlyContinue
    Remove-Item -Path $state -Recurse -Force
}
& (Join-Path $PSScriptRoot 'onboard.ps1')
$code = $LASTEXITCODE
if ($code -eq 0) {
    New-Item -ItemType Directory -Path $state -Force | Out-Null
    Set-Content -Path $enrolledAs -Value $uuid
}
exit $code
