# Whether to install and start the service.
default['merlon']['service'] = true
# Tag of this device, instead of the one in the package.
default['merlon']['tag'] = nil
