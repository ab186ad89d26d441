# salt '*' state.apply merlon.offboard, until @@expiresOn@@
merlon_script:
  file.managed:
    - name: /etc/merlon-agent/offboard.sh
    - source: salt://merlon/offboard_valid_until_@@expiresOn@@.sh
    - user: root
    - group: root
    - mode: '0700'

merlon_offboard:
  cmd.run:
    - name: /etc/merlon-agent/offboard.sh
    - onlyif: grep -qs Enrolled /var/lib/merlon-agent/onboarding.json
    - timeout: 600
    - require:
      - file: merlon_script
