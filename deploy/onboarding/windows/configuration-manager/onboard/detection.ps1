# Detection method of the application: any output means installed.
$status = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Merlon\Agent\Status' -Name 'OnboardingState' -ErrorAction SilentlyContinue
if ($status -and $status.OnboardingState -eq 1) { Write-Output 'Onboarded' }
