@echo off
rem Onboards this computer. Package @@packageId@@, until @@expiresAt@@. With /quiet nothing is asked.
setlocal
if /i "%~1"=="/quiet" goto run
echo This onboards this computer: @@serverUrl@@
set /p answer=Go on (Y/N)?
if /i not "%answer%"=="Y" exit /b 1
:run
"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe" -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "%~dp0onboard.ps1"
set code=%errorlevel%
if not "%code%"=="0" echo Failed with %code%. See the Application log, source MerlonOnboarding.
exit /b %code%
