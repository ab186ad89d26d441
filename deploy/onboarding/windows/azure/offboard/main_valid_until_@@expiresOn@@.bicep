// Offboards Windows virtual machines with package @@packageId@@, until @@expiresOn@@.
@description('Names of virtual machines in this resource group.')
param virtualMachines array
param location string = resourceGroup().location

resource machines 'Microsoft.Compute/virtualMachines@2023-09-01' existing = [for name in virtualMachines: {
  name: name
}]

resource offboard 'Microsoft.Compute/virtualMachines/runCommands@2023-09-01' = [for (name, i) in virtualMachines: {
  parent: machines[i]
  name: 'merlon-offboard'
  location: location
  properties: {
    asyncExecution: false
    timeoutInSeconds: 1800
    source: {
      script: loadTextContent('offboard_valid_until_@@expiresOn@@.ps1')
    }
  }
}]
