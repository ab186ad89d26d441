// Onboards Windows virtual machines with package @@packageId@@, until @@expiresOn@@.
@description('Names of virtual machines in this resource group.')
param virtualMachines array
param location string = resourceGroup().location

resource machines 'Microsoft.Compute/virtualMachines@2023-09-01' existing = [for name in virtualMachines: {
  name: name
}]

resource onboard 'Microsoft.Compute/virtualMachines/runCommands@2023-09-01' = [for (name, i) in virtualMachines: {
  parent: machines[i]
  name: 'merlon-onboard'
  location: location
  properties: {
    asyncExecution: false
    timeoutInSeconds: 1800
    source: {
      script: loadTextContent('onboard.ps1')
    }
  }
}]
